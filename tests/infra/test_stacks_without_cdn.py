"""A stage without CloudFront, for an account that may have no distributions: what it is made of, how the API
is reached, and the way to a distribution later."""

import base64

import pytest
from django.core.management import CommandError, call_command

from infra import destroy, provision, secrets
from infra.callbacks import fill_settings
from infra.cloudformation import StackFailed
from infra.outputs import find_stacks, read_outputs
from infra.stacks import Wishes
from infra.stages import ZappaStage, read_zappa_config
from infra.status import tell_stage
from infra.wishes import WrongWish
from monitors.models import Ping
from tests.infra.conftest import REASON
from tests.infra.test_gateway import (  # noqa: F401  # fixtures, too
    GATEWAY,
    VIEWER,
    ask,
    lambda_handler,
    one_connection,
)
from tests.infra.test_roles import allowed
from tests.monitors.pings import make_heartbeat

pytestmark = pytest.mark.skipif(bool(REASON), reason=REASON)

ORIGIN = "/sentrypulse/prod/env/ORIGIN_SECRET"


def run(clients, **wishes):
    return provision.provision(
        clients, "prod", Wishes(**wishes), report=wishes.pop("report", lambda line: None), poll_s=0.01
    )


def deploy_function(clients, name="sentrypulse-prod"):
    """As Zappa leaves it, as far as our stacks look."""
    role = read_outputs(clients, "prod")["ApiRoleArn"]
    code = {"ZipFile": base64.b64decode("UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==")}
    clients.functions.create_function(
        FunctionName=name, Role=role, Code=code, Runtime="python3.12", Handler="x.y"
    )


def parts(clients):
    return list(find_stacks(clients, "prod"))


def test_an_account_without_distributions_goes_on_without(aws, clients):
    aws.account.may_have_distributions = False
    with pytest.raises(StackFailed, match="Or go on without one: --no-cdn"):
        run(clients)
    done = run(clients, cdn=False)
    assert (done["storage"], done["gateway"]) == ("created", "created")
    assert "frontend" not in parts(clients)
    outputs = read_outputs(clients, "prod")
    assert outputs["PublicUrl"] == f"https://{outputs['GatewayId']}.execute-api.eu-west-1.amazonaws.com"
    assert "StatusUrl" not in outputs
    url = clients.ssm.get_parameter(Name="/sentrypulse/prod/env/PUBLIC_URL")["Parameter"]["Value"]
    assert url == outputs["PublicUrl"]
    assert set(run(clients).values()) == {"unchanged"}  # nobody need say --no-cdn again


def test_nobody_is_asked_for_a_secret_that_no_distribution_shows(clients):
    secrets.make_secrets(clients.ssm, "prod", report=lambda line: None)  # of a run that failed
    assert secrets.has_secret(clients.ssm, ORIGIN)
    run(clients, cdn=False)
    assert not secrets.has_secret(clients.ssm, ORIGIN)
    outputs, stage = read_outputs(clients, "prod"), ZappaStage("prod", "api")
    config = read_zappa_config(stage.key)
    filled = fill_settings(stage, config, outputs, region="eu-west-1")
    assert filled["aws_environment_variables"]["TRUSTED_PROXIES"] == "1"


def test_the_address_asks_the_function_by_its_alias_once_there_is_one(aws, clients):
    run(clients, cdn=False)
    gateway = clients.session.client("apigatewayv2")
    [api] = gateway.get_apis()["Items"]
    assert [one["StageName"] for one in gateway.get_stages(ApiId=api["ApiId"])["Items"]] == ["$default"]
    assert gateway.get_routes(ApiId=api["ApiId"])["Items"] == []
    deploy_function(clients)
    provision.finish_stacks(clients, "prod", report=lambda line: None, poll_s=0.01)
    [route] = gateway.get_routes(ApiId=api["ApiId"])["Items"]
    [integration] = gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    assert route["RouteKey"] == "$default"
    assert route["Target"] == f"integrations/{integration['IntegrationId']}"
    assert integration["IntegrationUri"].endswith(":function:sentrypulse-prod:snapstart")
    assert integration["CredentialsArn"].endswith(":role/sentrypulse-prod-gateway")
    assert allowed(clients, "gateway") == ({"lambda:InvokeFunction": {integration["IntegrationUri"]}}, [])
    provision.finish_stacks(clients, "prod", report=lambda line: None, poll_s=0.01)
    assert set(run(clients).values()) == {"unchanged"}


def test_who_looks_is_told_what_is_lost(clients, capsys):
    call_command("aws", "provision", "--stage=prod", "--no-cdn", "--dry-run")
    told = capsys.readouterr().out
    assert "gateway     create" in told
    assert "frontend" not in told
    assert "Lost are the app, names of your own, plain http for pings" in told
    run(clients, cdn=False)
    lines = list(tell_stage(clients, "prod"))
    assert any("Lost are the app" in line for line in lines)
    assert not [line for line in lines if line.startswith("sentrypulse-prod-frontend")]
    with pytest.raises(CommandError, match="prod has no distribution"):
        call_command("aws", "frontend", "--stage=prod")


@pytest.mark.parametrize("name", ["domain", "status_domain", "web_acl_arn"])
def test_what_needs_a_distribution_is_refused_without_one(clients, name):
    with pytest.raises(WrongWish, match=f"--{name.replace('_', '-')} needs a distribution"):
        run(clients, cdn=False, **{name: "x.example.com"})
    assert find_stacks(clients, "prod") == {}


def test_a_distribution_that_is_there_is_not_done_without(clients):
    run(clients)
    with pytest.raises(WrongWish, match="this one has its own"):
        run(clients, cdn=False)
    assert secrets.has_secret(clients.ssm, ORIGIN)


def test_a_distribution_takes_the_addresss_place_when_the_account_may_have_one(aws, clients):
    run(clients, cdn=False)
    deploy_function(clients)
    provision.finish_stacks(clients, "prod", report=lambda line: None, poll_s=0.01)
    done = run(clients, cdn=True)
    assert (done["storage"], done["frontend"], done["parameters"]) == ("updated", "created", "updated")
    assert secrets.has_secret(clients.ssm, ORIGIN)
    outputs = read_outputs(clients, "prod")
    assert outputs["PublicUrl"].endswith(".cloudfront.net")
    assert outputs["TrustedProxies"] == "2"
    provision.finish_stacks(clients, "prod", report=lambda line: None, poll_s=0.01)
    assert "gateway" not in parts(clients)
    assert set(run(clients).values()) == {"unchanged"}


@pytest.fixture
def without_cdn(lambda_handler, settings):  # noqa: F811
    """Zappa's handler with the settings of a stage without a distribution."""
    settings.ORIGIN_SECRETS, settings.USE_X_FORWARDED_HOST = [], False
    settings.TRUSTED_PROXIES = 1
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = f"https://{GATEWAY}", [GATEWAY]
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{GATEWAY}"]
    return lambda path, **more: ask(lambda_handler, path, around=True, stage="$default", **more)


@pytest.mark.django_db
def test_the_api_is_at_its_own_address_without_a_stage_in_any(without_cdn):
    assert without_cdn("/api/v1/auth/me")["statusCode"] == 401
    assert b"without its app" in without_cdn("/")["body"]
    page = without_cdn("/api/docs/")
    assert page["statusCode"] == 200
    assert b"$default" not in page["body"]
    plain = without_cdn("/admin/login/", headers={"x-forwarded-proto": "http"})
    assert plain["headers"]["location"] == f"https://{GATEWAY}/admin/login/"
    assert without_cdn("/static/admin/css/base.css")["statusCode"] == 200


@pytest.mark.django_db
def test_the_client_is_whom_the_gateway_saw_and_not_what_he_claims(without_cdn):
    claimed = {"x-forwarded-for": f"6.6.6.6, {VIEWER}"}
    assert without_cdn(f"/ping/{make_heartbeat().uuid}", headers=claimed)["statusCode"] == 200
    assert Ping.objects.get().address == VIEWER


@pytest.mark.django_db
def test_zappas_own_address_is_none_of_ours(without_cdn):
    assert without_cdn("/api/v1/health", headers={"host": "zappas.execute-api.x"})["statusCode"] == 400


def test_destroy_takes_the_address_away(clients):
    run(clients, cdn=False)
    destroy.destroy(clients, "prod", report=lambda line: None, poll_s=0.01)
    assert find_stacks(clients, "prod") == {}
    assert clients.session.client("apigatewayv2").get_apis()["Items"] == []
