"""The bill in docs/deploy.md is the one that infra/prices.py computes."""

import re

import pytest

from infra import prices
from infra.stacks import ALARMS, EDGE
from tests.infra.test_stacks_templates import ROOT


def test_the_documented_bill_is_the_computed_one():
    documented = (ROOT / "docs" / "deploy.md").read_text()
    assert prices.table() in documented
    assert prices.table(prices.estimate_edge) in documented


def test_what_keeps_the_api_warm_costs_what_the_documentation_says():
    documented = (ROOT / "docs" / "deploy.md").read_text()
    version = prices.SNAPSTART_CACHE_GB_S * prices.HOURS_A_MONTH * 3600
    for said in (
        f"{version:.2f} USD for each version kept",
        f"adds its snapshots ({prices.VERSIONS_KEPT * version:.2f} USD)",
        f"{prices.SNAPSTART_RESTORE_GB * 1000:.2f} USD a thousand restores",
        f"Two sandboxes of 1 GB cost {prices.provisioned(2):.2f} USD a month idle",
        f"metrics that its alarms watch ({prices.EDGE_ALARM_METRICS * prices.ALARM_METRIC_MONTH:.2f} USD",
        f"the alarms' metrics ({prices.ALARM_METRICS * prices.ALARM_METRIC_MONTH:.2f} USD)",
    ):
        assert said in documented, said


def test_what_is_said_of_a_function_for_each_check_is_computed():
    documented = (ROOT / "docs" / "deploy.md").read_text()
    assert f"about {round(prices.one_by_one(10_000), -1):,.0f} USD for running them alone" in documented
    few = sum(prices.estimate(prices.Load(requests=100_000, monitors=10, database_acu=0.5)).values())
    assert f"With 10 monitors it is {few:.0f} USD" in documented


@pytest.mark.parametrize(
    ("load", "usd"),
    [
        (prices.Load(requests=100_000, monitors=10, database_acu=0.5, out_gb=10), 91),
        (prices.LEVELS[1_000], 95),
        (prices.LEVELS[10_000], 165),
        (prices.LEVELS[100_000], 775),
    ],
)
def test_the_bill_is_near_what_a_review_by_list_prices_came_to(load, usd):
    assert sum(prices.estimate(load).values()) == pytest.approx(usd, rel=0.02)


def test_a_call_lasts_as_long_as_its_slowest_check():
    few, many = (prices._count_work(prices.Load(0, count, 0.5)) for count in (120, 12_000))
    assert few.slow_ratio == pytest.approx(1 - 0.99**10)
    assert (many.slow_ratio, many.edge_s) == pytest.approx((0.634, 6.71), abs=0.01)


def test_no_price_stands_there_for_nothing():
    source = (ROOT / "infra" / "prices.py").read_text()
    named = re.findall(r"^([A-Z_0-9]+) = ", source, re.MULTILINE)
    source += (ROOT / "infra" / "stacks.py").read_text()
    assert not [name for name in named if len(re.findall(rf"\b{name}\b", source)) < 2]


@pytest.mark.parametrize(
    ("stack", "metrics"), [(ALARMS, prices.ALARM_METRICS), (EDGE, prices.EDGE_ALARM_METRICS)]
)
def test_alarms_pay_for_each_metric_that_they_watch(stack, metrics):
    watched = len(re.findall(r"\bMetricName: ", stack.template)) - stack.template.count("::MetricFilter")
    assert watched == metrics


def test_more_monitors_cost_more_and_a_hundred_share_a_call():
    few, many = (prices._count_work(prices.Load(0, count, 0.5)) for count in (10, 1_200))
    assert few.edge_calls == many.edge_calls
    assert prices._count_work(prices.Load(0, 12_000, 0.5)).edge_calls == 10 * many.edge_calls
    usd = [prices.estimate(prices.Load(0, count, 0.5))["Pipeline (Lambda)"] for count in (10, 1_200, 12_000)]
    assert usd == sorted(usd)
