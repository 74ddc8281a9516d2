"""The probers and certificates of `tests/probes`, against bad servers."""

from tests.probes.conftest import ca, ca_file, prober, strict_prober, tls_context

__all__ = ["ca", "ca_file", "prober", "strict_prober", "tls_context"]
