"""A status page under its own domain: one stack for each, deployed by hand as docs/deploy.md says."""

import re

import pytest

from infra.stacks import FOLDER
from tests.infra.conftest import REASON
from tests.infra.test_deploy_guide import DEPLOY

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)
TEMPLATE = (FOLDER / "page-domain.yaml").read_text()
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/x"


@pytest.fixture
def given(provisioned):
    """What the commands in docs/deploy.md fill in."""
    return {
        "Stage": "prod",
        "Domain": "status.customer.example",
        "Slug": "customer",
        "CertificateArn": CERTIFICATE,
        "PublishedDomain": provisioned["PublishedDomain"],
        "AccessId": provisioned["PublishedAccessId"],
    }


def test_it_shows_the_pages_copy_under_its_domain(clients, provisioned, given):
    from tests.infra.emulator import MADE

    clients.cloudformation.create_stack(
        StackName="sentrypulse-prod-page-customer",
        TemplateBody=TEMPLATE,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    [stack] = clients.cloudformation.describe_stacks(StackName="sentrypulse-prod-page-customer")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"].endswith(".cloudfront.net")
    distributions = [one["DistributionConfig"] for one in MADE.values() if "DistributionConfig" in one]
    [found] = [one for one in distributions if one.get("Aliases") == ["status.customer.example"]]
    [origin] = found["Origins"]
    assert (origin["DomainName"], origin["OriginPath"]) == (provisioned["PublishedDomain"], "/customer")
    assert provisioned["PublishedBucket"] in origin["DomainName"]
    assert origin["OriginAccessControlId"] == provisioned["PublishedAccessId"]


def test_the_bucket_lets_distributions_of_this_account_read_and_nobody_else(clients, provisioned):
    from tests.infra.emulator import MADE

    policies = [one for one in MADE.values() if one["Type"] == "AWS::S3::BucketPolicy"]
    [policy] = [one for one in policies if one["Bucket"] == provisioned["PublishedBucket"]]
    [read] = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Allow"]
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Condition"] == {
        "ArnLike": {"AWS:SourceArn": "arn:aws:cloudfront::123456789012:distribution/*"}
    }


def test_the_guide_names_every_parameter_and_output(given):
    block = DEPLOY.partition("## Names of your own\n")[2].partition("\n## ")[0]
    for parameter in given:
        assert re.search(rf"\b{parameter}=", block), parameter
    for output in ("PublishedDomain", "PublishedAccessId"):
        assert f'o["{output}"]' in block
