import pytest


@pytest.fixture(autouse=True)
def _published_here(settings, tmp_path):
    settings.PUBLISH_URL = f"file://{tmp_path / 'published'}"


@pytest.fixture
def api(api, team):
    api.team = team
    return api
