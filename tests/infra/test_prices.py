"""The bill in docs/deploy.md is the one that infra/prices.py computes."""

import re

from infra import prices
from infra.stacks import ALARMS
from tests.infra.test_templates import ROOT


def test_the_documented_bill_is_the_computed_one():
    assert prices.table() in (ROOT / "docs" / "deploy.md").read_text()


def test_alarms_pay_for_each_metric_that_they_watch():
    watched = len(re.findall(r"\bMetricName: ", ALARMS.template))
    assert watched == prices.ALARM_METRICS


def test_more_monitors_cost_more_and_a_hundred_share_a_call():
    few, many = (prices.estimate(prices.Load(0, count, 0.5))["Pipeline (Lambda)"] for count in (10, 1_200))
    assert few == many
    assert prices.estimate(prices.Load(0, 12_000, 0.5))["Pipeline (Lambda)"] > 5 * many
