import os
import resource

import pytest

from probes.run import Prober
from tests.hostile.servers import answer, serve
from tests.probes.specs import make_spec


@pytest.fixture
def crowded_process():
    """A process in which every descriptor below 1,100 is taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2_000:
        pytest.skip("the system allows too few descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2_000, hard))
    taken: list[int] = []
    while not taken or taken[-1] < 1_100:
        taken.append(os.open(os.devnull, os.O_RDONLY))
    yield
    for descriptor in taken:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_descriptors_beyond_libcurls_reach_are_our_trouble_and_not_the_targets(crowded_process, ca_file):
    prober = Prober(allow_private=True, ca_file=ca_file)
    try:
        with serve(answer()) as server:
            result = prober.run_one(make_spec("http", server.url, timeout_s=1))
    finally:
        prober.close()
    assert (result.status, result.error_code) == ("unknown", "out_of_resources")
    assert "ulimit" in result.error
