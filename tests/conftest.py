"""What every test may rely on."""

import os

import pytest
from django.conf import settings as project
from django.core.cache import cache
from hypothesis import settings as hypothesis_settings

# A third of hypothesis' usual examples keeps the suite short; HYPOTHESIS_EXAMPLES=1000 looks deeper.
hypothesis_settings.register_profile(
    "suite", max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "30")), deadline=None
)
hypothesis_settings.load_profile("suite")

if project.REDIS_URL:
    # One Redis database a worker: clearing the cache empties it, and must not empty another worker's.
    _server, _, _database = project.REDIS_URL.rpartition("/")
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    project.CACHES["default"]["LOCATION"] = f"{_server}/{(int(_database) + _worker) % 16}"


@pytest.fixture(autouse=True)
def _cheap_and_clean(settings):
    """Argon2 is slow on purpose; throttles live in the cache and must not leak between tests.

    WhiteNoise lists all static files whenever a test client is made, unless it looks for each when asked.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True
    cache.clear()
