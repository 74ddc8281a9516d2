"""Copies in a bucket: versions, conditions, and what a cache in front of it is told."""

import threading

import pytest

from statuspages.publishing import publish_due
from statuspages.rendering.files import PageFile
from statuspages.services import delete_page
from statuspages.storages import StorageError, _open, open_storage
from tests.statuspages.bucket import serve_bucket
from tests.statuspages.factories import NOW, make_page

HTML = "text/html; charset=utf-8"


@pytest.fixture
def bucket(monkeypatch, settings):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with serve_bucket() as running:
        settings.PUBLISH_URL = "s3://pages/status?region=eu-central-1"
        settings.AWS_ENDPOINT_URL = running.url
        yield running
    _open.cache_clear()


def files_of(text):
    body = text.encode()
    return {"feed.atom": PageFile("application/atom+xml", body), "index.html": PageFile(HTML, body)}


def test_files_lie_under_their_names_and_the_index_under_the_folders_too(bucket):
    assert open_storage().write("acme", files_of("one"), version=7)
    assert set(bucket.objects) == {"status/acme/feed.atom", "status/acme/index.html", "status/acme/"}
    assert bucket.puts[-2:] == [
        "status/acme/index.html",
        "status/acme/",
    ]  # last: nobody is led to half a page
    for key in bucket.objects:
        assert bucket.objects[key][2] == b"one"
        assert "stale-if-error=" in bucket.header(key, "cache-control")
        assert bucket.header(key, "x-amz-meta-version") == "7"
    assert bucket.header("status/acme/", "content-type") == HTML


def test_an_older_version_never_overwrites_a_newer_one(bucket):
    storage = open_storage()
    assert storage.write("acme", files_of("new"), version=7)
    assert not storage.write("acme", files_of("old"), version=6)
    assert not storage.write("acme", files_of("same"), version=7)
    assert bucket.objects["status/acme/index.html"][2] == b"new"


def test_a_newer_one_that_comes_between_look_and_write_stays(bucket):
    """The condition of the PUT notices it; without one the old text would win."""
    storage = open_storage()
    storage.write("acme", files_of("first"), version=1)

    def come_between(key):
        bucket.before_put = lambda key: None
        bucket.put(key, b"newest", {"x-amz-meta-version": "9", "Content-Type": HTML})

    bucket.before_put = come_between
    assert not storage.write("acme", files_of("second"), version=2)
    assert bucket.objects["status/acme/feed.atom"][2] == b"newest"


def test_many_writers_at_once_leave_the_newest(bucket):
    storage = open_storage()
    threads = [
        threading.Thread(
            target=storage.write, args=("acme", files_of(str(version))), kwargs={"version": version}
        )
        for version in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {there[2] for there in bucket.objects.values()} == {b"8"}


def test_a_copy_that_goes_leaves_what_keeps_older_ones_away(bucket):
    storage = open_storage()
    storage.write("acme", files_of("one"), version=1)
    assert storage.remove("acme", version=3)
    assert b"Gone" in bucket.objects["status/acme/index.html"][2]
    assert bucket.objects["status/acme/feed.atom"][2] == b""
    assert bucket.header("status/acme/", "cache-control") == "no-cache"
    assert storage.read("acme", "index.html") is None
    assert not storage.write("acme", files_of("late"), version=2)
    assert storage.write("acme", files_of("again"), version=4)
    read = storage.read("acme", "index.html")
    assert read == PageFile(HTML, b"again", "")


def test_a_file_that_a_newer_copy_does_not_have_goes(bucket):
    """A logo of another format has another name, and the old logo would stay for ever."""
    storage = open_storage()
    storage.write("acme", {"logo.png": PageFile("image/png", b"PNG"), **files_of("one")}, version=1)
    storage.write("acme-2", {"logo.png": PageFile("image/png", b"PNG"), **files_of("one")}, version=1)
    assert storage.write("acme", {"logo.webp": PageFile("image/webp", b"WEBP"), **files_of("two")}, version=2)
    assert bucket.objects["status/acme/logo.png"][2] == b""
    assert storage.read("acme", "logo.png") is None
    assert storage.read("acme", "logo.webp").body == b"WEBP"
    assert bucket.objects["status/acme/"][2] == b"two"
    assert storage.read("acme-2", "logo.png").body == b"PNG"
    before = len(bucket.puts)
    storage.write("acme", {"logo.webp": PageFile("image/webp", b"WEBP"), **files_of("three")}, version=3)
    assert "status/acme/logo.png" not in bucket.puts[before:]  # it is gone already
    assert not storage.write(
        "acme", {"logo.png": PageFile("image/png", b"PNG"), **files_of("old")}, version=1
    )


@pytest.mark.django_db
def test_pages_are_published_to_the_bucket_and_taken_away(bucket):
    page = make_page()
    assert publish_due(owner="me", now=NOW) == 1
    assert b"Acme" in bucket.objects["status/acme/"][2]
    page.publication.refresh_from_db()
    assert page.publication.published_at == NOW
    delete_page(page)
    assert publish_due(owner="me", now=NOW) == 1
    assert b"Acme" not in bucket.objects["status/acme/"][2]


@pytest.mark.django_db
@pytest.mark.parametrize("code", [403, 500, 503])
def test_a_bucket_that_refuses_is_told_and_tried_again(bucket, code):
    page = make_page()
    bucket.fail = code
    assert publish_due(owner="me", now=NOW) == 0
    page.publication.refresh_from_db()
    assert page.publication.problem.startswith("The bucket did not take it:")
    assert page.publication.lease_until is None


def test_a_bucket_that_is_away_is_an_error_of_storage(bucket, settings):
    settings.AWS_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(StorageError, match="did not take it"):
        open_storage().write("acme", files_of("x"), version=1)
