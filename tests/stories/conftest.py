import pytest
from django.db import connection

from tests.aws.conftest import why_not
from tests.delivery.receivers import Receiver
from tests.e2e.harness import Target
from tests.stories.engines import CeleryProcesses, EmbeddedProcess, RabbitMQ, Redis, Sqs
from tests.stories.proxy import Proxy
from tests.stories.targets import SlowTarget

BROKERS = {"redis": Redis, "rabbitmq": RabbitMQ, "sqs": Sqs}


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.MIN_INTERVAL_S = 1


@pytest.fixture
def target():
    running = Target().start()
    yield running
    running.stop()


@pytest.fixture
def slow_target():
    running = SlowTarget()
    yield running
    running.stop()


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.close()


def make_engine(name, folder):
    """The engine, or a skip with the reason why it cannot run here."""
    if name == "embedded":
        return EmbeddedProcess(folder)
    if name == "serverless":
        return _make_serverless(folder)
    broker = BROKERS[name]()
    if connection.vendor == "sqlite":
        pytest.skip("The Celery engine needs MariaDB or MySQL (make test-mysql).")
    if not broker.answers():
        pytest.skip(f"{broker.name} does not answer, or is not installed.")
    return CeleryProcesses(folder, broker)


def _make_serverless(folder):
    if reason := why_not():
        pytest.skip(reason)
    if connection.vendor == "sqlite":
        pytest.skip("The core's function needs MariaDB or MySQL (make test-aws).")
    from tests.aws.engine import ServerlessEngine

    return ServerlessEngine(folder)


@pytest.fixture
def engine(request, shared_database, tmp_path):
    made = make_engine(request.param, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def database_proxy():
    chosen = connection.settings_dict
    proxy = Proxy(chosen["HOST"] or "127.0.0.1", int(chosen["PORT"] or 3306)).start()
    yield proxy
    proxy.stop()
