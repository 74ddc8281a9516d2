"""Copies: made when something changed, never too often, never older than what lies there, gone when they
must."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from pipeline.jobs import periodic
from statuspages import publishing, services
from statuspages.invalidation import mark_changed
from statuspages.models import Publication, StatusPage
from statuspages.publishing import DEBOUNCE, LEASE, REFRESH, publish_due
from statuspages.rendering.files import PageFile
from statuspages.storages import StorageError
from statuspages.storages.directory import DirectoryStorage
from tests.statuspages.factories import NOW, make_old, make_page
from tests.statuspages.test_logos import PNG

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def published(settings):
    return Path(settings.PUBLISH_URL.removeprefix("file://"))


def due(now):
    return [publication.page_id for publication in publishing.find_due_publications(now=now)]


def run(now=NOW):
    return publish_due(owner="me", now=now)


def read_status(published, slug="acme"):
    return json.loads((published / slug / "status.json").read_text())


def test_a_new_page_is_published_at_once_with_all_its_files(published):
    page = make_page()
    services.set_logo(page, PNG)
    assert run() == 1
    files = {path.name for path in (published / "acme").iterdir() if not path.name.startswith(".")}
    assert files == {
        *("index.html", "embed.html", "feed.atom", "status.json", "badge.svg", "badge-uptime-7d.svg"),
        *("badge-uptime-30d.svg", "badge-uptime-90d.svg", "badge-response.svg", "logo.png"),
    }
    assert read_status(published)["generated_at"].startswith(NOW.isoformat()[:16])
    row = Publication.objects.get()
    assert (row.place, row.published_at, row.problem, row.lease_until) == ("acme", NOW, "", None)


def test_a_change_is_published_within_seconds_but_one_page_at_most_every_five(published):
    page = make_page()
    run()
    services.update_page(page, now=NOW, title="Changed")
    assert due(NOW + DEBOUNCE - SECOND) == []
    for _ in range(20):
        mark_changed(page_ids=[page.pk])
    assert run(NOW + DEBOUNCE) == 1
    assert read_status(published)["page"]["title"] == "Changed"
    assert due(NOW + 2 * DEBOUNCE) == []


def test_a_page_is_published_every_minute_though_nothing_changed():
    page = make_page()
    run()
    assert due(NOW + REFRESH - SECOND) == []
    assert due(NOW + REFRESH) == [page.pk]


def publish_rounds(now=NOW):
    """What the job answers, round after round, until it says that there is no more."""
    answers = []
    while not answers or answers[-1]:
        answers.append(periodic.publish_pages(owner="me", now=now))
    return answers


def test_more_pages_than_a_round_takes_are_published_round_after_round(published, monkeypatch):
    monkeypatch.setattr(publishing, "AT_ONCE", 2)
    for number in range(5):
        make_page(slug=f"page-{number}")
    assert publish_rounds() == [True, True, False]
    assert len(list(published.glob("page-*"))) == 5
    assert publish_rounds() == [False]


def test_a_round_whose_time_is_up_is_followed_by_another_one(published, monkeypatch):
    render = publishing.render_page

    def take_all_the_time(page, *, now):
        monkeypatch.setattr(publishing, "BUDGET_S", -1.0)
        return render(page, now=now)

    monkeypatch.setattr(publishing, "render_page", take_all_the_time)
    for number in range(3):
        make_page(slug=f"page-{number}")
    assert periodic.publish_pages(owner="me", now=NOW)
    assert len(list(published.glob("page-*"))) == 1
    monkeypatch.setattr(publishing, "BUDGET_S", 20.0)
    assert periodic.publish_pages(owner="me", now=NOW)
    monkeypatch.setattr(publishing, "BUDGET_S", 20.0)
    assert not periodic.publish_pages(owner="me", now=NOW)
    assert len(list(published.glob("page-*"))) == 3


def test_a_storage_that_is_away_is_not_asked_again_at_once(monkeypatch):
    def away(storage, place, files, *, version):
        raise StorageError("It is away.")

    monkeypatch.setattr(publishing, "AT_ONCE", 2)
    monkeypatch.setattr(DirectoryStorage, "write", away)
    for number in range(3):
        make_page(slug=f"page-{number}")
    assert publish_rounds() == [False]


def test_a_change_while_it_is_rendered_is_published_after_it(monkeypatch):
    page = make_page()
    render = publishing.render_page

    def render_slowly(page, *, now):
        mark_changed(page_ids=[page.pk])
        return render(page, now=now)

    monkeypatch.setattr(publishing, "render_page", render_slowly)
    run()
    assert due(NOW + DEBOUNCE) == [page.pk]


def test_a_page_belongs_to_one_publisher_at_a_time_and_is_free_again_when_that_died(monkeypatch):
    make_page()

    def die(page, *, now):
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "render_page", die)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    assert run(NOW + LEASE - SECOND) == 0
    assert run(NOW + LEASE) == 1


def test_a_publisher_whose_clock_ran_ahead_holds_up_nobody_when_it_died():
    page = make_page()
    ahead = NOW + timedelta(days=1)
    Publication.objects.update(lease_owner="ahead", lease_until=ahead + LEASE, rendered_at=ahead)
    assert due(NOW) == [page.pk]
    assert run() == 1
    row = Publication.objects.get()
    assert (row.rendered_at, row.published_at, row.lease_until) == (NOW, NOW, None)


def test_what_a_clock_that_ran_ahead_has_rendered_is_made_anew():
    page = make_page()
    run(NOW + timedelta(days=1))
    assert due(NOW) == [page.pk]
    assert run() == 1
    assert due(NOW + DEBOUNCE) == []


def test_who_comes_back_late_does_not_overwrite_the_newer_one(published, monkeypatch):
    """A publisher hangs before it writes; another one takes over; then the first one wakes up."""
    page = make_page(title="Old")
    write = DirectoryStorage.write

    def hang(storage, place, files, *, version):
        monkeypatch.setattr(DirectoryStorage, "write", write)
        services.update_page(page, now=NOW, title="New")
        assert run(NOW + LEASE) == 1  # the other one
        assert read_status(published)["page"]["title"] == "New"
        return write(storage, place, files, version=version)

    monkeypatch.setattr(DirectoryStorage, "write", hang)
    run()
    assert read_status(published)["page"]["title"] == "New"
    assert Publication.objects.get().published_at == NOW + LEASE


@pytest.mark.parametrize("visibility", ["password", "team"])
def test_a_page_that_not_everybody_may_read_is_never_published(published, visibility):
    make_page(visibility=visibility, password="a long password" if visibility == "password" else None)
    assert run() == 0
    assert not (published / "acme").exists()


def test_a_page_made_private_is_taken_away_within_seconds(published):
    page = make_page()
    run()
    services.update_page(page, now=NOW, visibility="team")
    assert run(NOW + DEBOUNCE) == 1
    assert not (published / "acme").exists()
    assert run(NOW + REFRESH * 2) == 0
    services.update_page(page, now=NOW, visibility="unlisted")
    assert run(NOW + REFRESH * 3) == 1
    assert (published / "acme" / "index.html").exists()


def test_a_page_renamed_moves(published):
    page = make_page()
    run()
    services.update_page(page, now=NOW, slug="better")
    run(NOW + DEBOUNCE)
    assert not (published / "acme").exists()
    run(NOW + 2 * DEBOUNCE)
    assert (published / "better" / "index.html").exists()


def test_a_deleted_page_goes_and_so_does_what_its_team_had(published):
    page = make_page()
    run()
    services.delete_page(page)
    assert run(NOW + SECOND) == 1
    assert not (published / "acme").exists()
    assert not Publication.objects.exists()
    other = make_page(slug="other")
    run(NOW + REFRESH)
    other.team.delete()  # as an operator does it, past the service
    run(NOW + REFRESH + SECOND)
    assert not (published / "other").exists()


def test_a_name_taken_over_keeps_the_new_page_whoever_comes_last(published):
    old = make_page(title="Old")
    run()
    services.delete_page(old)
    make_page(title="New", slug="acme", now=NOW)
    assert run(NOW + SECOND) == 2  # takes the old one's copy away, and publishes the new one, in either order
    assert read_status(published)["page"]["title"] == "New"


def test_a_late_rendering_of_a_deleted_page_does_not_come_back(published):
    storage = DirectoryStorage(published)
    files = {"index.html": PageFile("text/html", b"old")}
    assert storage.write("acme", files, version=5)
    assert storage.remove("acme", version=6)
    assert not storage.write("acme", files, version=5)
    assert not (published / "acme").exists()
    assert storage.write("acme", files, version=7)


def test_a_storage_that_fails_is_told_and_tried_again(published, monkeypatch):
    page = make_page()
    published.parent.mkdir(exist_ok=True)
    published.write_text("a file is in the way")
    assert run() == 0
    row = Publication.objects.get()
    assert "Cannot write to" in row.problem
    assert (row.lease_until, row.published_at) == (None, None)
    published.unlink()
    assert due(NOW + DEBOUNCE) == [page.pk]
    assert run(NOW + DEBOUNCE) == 1
    assert Publication.objects.get().problem == ""


def test_files_that_a_page_has_no_more_are_taken_away(published):
    page = make_page()
    services.set_logo(page, PNG)
    run()
    services.remove_logo(page)
    run(NOW + DEBOUNCE)
    assert not (published / "acme" / "logo.png").exists()


def test_publishing_now_asks_for_no_debounce_and_refuses_private_pages():
    page = make_page()
    run()
    publishing.publish_now(page, now=NOW + SECOND)
    assert Publication.objects.get().published_at == NOW + SECOND
    services.update_page(page, now=NOW, visibility="team")
    page.refresh_from_db()
    with pytest.raises(publishing.RuleViolation, match="shown by us alone"):
        publishing.publish_now(page, now=NOW)


def test_two_writers_at_once_leave_the_newer_version_whole(tmp_path):
    storage = DirectoryStorage(tmp_path)

    def write(version):
        body = str(version).encode()
        storage.write(
            "acme",
            {"a": PageFile("text/plain", body), "index.html": PageFile("text/html", body)},
            version=version,
        )

    threads = [threading.Thread(target=write, args=(version,)) for version in range(1, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "acme" / "index.html").read_bytes() == b"24"
    assert (tmp_path / "acme" / "a").read_bytes() == b"24"


def test_two_publishers_at_once_render_a_page_once(shared_database, settings):
    make_page()
    barrier, done, errors = threading.Barrier(2), [], []

    def publish():
        try:
            barrier.wait()
            done.append(run())
        except Exception as error:  # noqa: BLE001  # told below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=publish) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(done) == [0, 1]
    assert connection.vendor in {"sqlite", "mysql"}


def test_a_place_that_cannot_be_read_has_no_file(tmp_path):
    storage = DirectoryStorage(tmp_path)
    assert storage.read("acme", "index.html") is None
    storage.write(
        "acme", {"index.html": PageFile("text/html", b"x", "default-src 'none'", embeddable=True)}, version=1
    )
    assert storage.read("acme", "index.html") == PageFile(
        "text/html", b"x", "default-src 'none'", embeddable=True
    )
    assert storage.read("acme", "../acme/index.html") is None
    assert storage.read("acme", "other") is None


def test_marks_find_pages_by_team_and_by_monitor():
    monitor = make_old()
    shows, same_team, other = make_page(None, monitor), make_page(monitor.team), make_page()
    assert mark_changed(monitor_ids=[monitor.pk]) == 1
    assert mark_changed(team_ids=[monitor.team_id]) == 2
    counts = dict(Publication.objects.values_list("page_id", "changes"))
    assert [counts[page.pk] for page in (shows, same_team, other)] == [3, 2, 1]


def test_an_error_of_storage_is_one_sentence(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(StorageError, match=r"^Cannot write to .*\.$"):
        DirectoryStorage(tmp_path / "x").write("acme", {}, version=1)


def test_a_page_that_cannot_be_rendered_does_not_hold_up_the_others(published, caplog):
    broken, fine = make_page(), make_page(slug="fine")
    StatusPage.objects.filter(pk=broken.pk).update(accent="purple")
    assert run() == 1
    assert (published / fine.slug / "index.html").exists()
    row = Publication.objects.get(page=broken)
    assert (row.problem, row.lease_until) == ("It could not be rendered; the log says why.", None)
    assert "left out work='publish pages' publication=" in caplog.text
