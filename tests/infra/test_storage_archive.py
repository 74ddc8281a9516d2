"""The archive on S3: its objects, and that a function may do what writing them takes and nothing else."""

import gzip
import json

import pytest

from analytics.archive import stores
from analytics.archive.stores import BucketStore, open_archive
from analytics.models import Archiving, Progress
from analytics.retention import Purged, purge_results
from core.storage import StorageError
from infra.callbacks import environment
from infra.stages import ZappaStage
from monitors.models import Result
from tests.analytics.factories import DAY, MINUTE, NOW, make_old, store_at
from tests.infra.test_roles import allowed

pytestmark = pytest.mark.django_db
OLD = (NOW - 40 * DAY).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def called(aws, provisioned, settings, monkeypatch):
    """The archive of the stage ``prod``, as its core is told of it; the operations that it is asked for."""
    variables = environment(ZappaStage("prod", "core"), provisioned, "eu-west-1")
    settings.ARCHIVE_URL, settings.AWS_ENDPOINT_URL = variables["ARCHIVE_URL"], aws.url
    found, real = [], BucketStore._call

    def call(self, method, **parameters):
        client = stores.connect_s3(region="eu-west-1", endpoint=aws.url)
        client.meta.events.register("before-call.s3", lambda model, **_: found.append(model.name))
        self._connected = client
        return real(self, method, **parameters)

    monkeypatch.setattr(BucketStore, "_call", call)
    Progress.objects.create(pk=Progress.UPTIME, rolled_until=NOW, lease_until=NOW)
    yield found
    stores._open.cache_clear()


def clean():
    return purge_results(owner="test", now=NOW, rest=lambda seconds: None)


def test_purged_results_lie_in_the_bucket_and_can_be_read_back(called, clients, provisioned):
    monitor = make_old()
    store_at(monitor, *((OLD + number * MINUTE, "UD"[number % 2], 25) for number in range(5)))
    assert clean() == Purged(results=4)
    s3, bucket = clients.session.client("s3"), provisioned["ArchiveBucket"]
    [found] = s3.list_objects_v2(Bucket=bucket)["Contents"]
    folder = f"results/team={monitor.team_id}/day={OLD:%Y-%m-%d}/"
    assert found["Key"].startswith(folder)
    lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()).splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["up", "down", "up", "down"]
    archive = open_archive()
    assert list(archive.names(f"results/team={monitor.team_id}/")) == [found["Key"]]
    assert gzip.decompress(archive.get(found["Key"])).splitlines() == lines


def test_a_list_of_more_than_one_page_is_read_whole(called, monkeypatch):
    archive = open_archive()
    names = [f"results/team=1/day=2026-01-01/{number:04}.jsonl.gz" for number in range(5)]
    for name in names:
        archive.put(name, b"")
    call = BucketStore._call

    def by_twos(self, method, **parameters):
        return call(self, method, **parameters, **({"MaxKeys": 2} if method == "list_objects_v2" else {}))

    monkeypatch.setattr(BucketStore, "_call", by_twos)
    assert list(archive.names("results/team=1/")) == names


def test_the_core_may_do_just_what_archiving_asks_of_s3(called, clients, provisioned):
    store_at(make_old(), *((OLD + number * MINUTE, "U") for number in range(5)))
    assert clean() == Purged(results=4)
    objects = f"{provisioned['ArchiveBucketArn']}/*"
    permitted, _ = allowed(clients, "core")
    mine = {action for action, resources in permitted.items() if objects in resources}
    assert mine == {f"s3:{name}" for name in called} == {"s3:PutObject"}
    assert provisioned["ArchiveBucketArn"] not in permitted["s3:ListBucket"]


def test_a_bucket_that_is_not_there_keeps_every_result(called, settings, provisioned):
    settings.ARCHIVE_URL = "s3://nobody-made-this?region=eu-west-1"
    store_at(make_old(), *((OLD + number * MINUTE, "U") for number in range(5)))
    assert clean() == Purged()
    assert Result.objects.count() == 5
    assert "NoSuchBucket" in Archiving.objects.get().problem
    with pytest.raises(StorageError, match="NoSuchBucket"):
        open_archive().get("results/none")
