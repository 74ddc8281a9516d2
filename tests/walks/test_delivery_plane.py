from tests.walks.test_probe_plane import FORBIDDEN, run


def test_the_edge_plane_sends_without_django_and_without_a_database_driver():
    code = (
        "import sys, delivery.send, delivery.requests_patch, pipeline.stages.deliver; "
        "from delivery.registry import KINDS, load_sender; "
        "[load_sender(kind) for kind in KINDS]; "
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    assert run(code) == "[]"


def test_the_core_may_read_forms_without_paying_for_libraries_that_send():
    code = (
        "import sys; from delivery.config import check_config, describe_kinds; describe_kinds(); "
        "check_config('slack', {'webhook_url': 'https://hooks.slack.com/services/T1/B1/C1'}); "
        "print([name for name in ('apprise', 'requests', 'httpx', 'boto3', 'smtplib') "
        "if name in sys.modules])"
    )
    assert run(code) == "[]"
