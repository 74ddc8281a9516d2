"""``python -m probes https://example.com``: run one check from here and show what it found.

Exits with 0 if the target is up or degraded, 1 if it is not, 2 if the question makes no sense. The person at
the keyboard owns the machine, so private addresses are allowed.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

from probes.certificates import Certificate, read_certificate
from probes.config import check_config, check_target
from probes.config_error import ConfigError
from probes.registry import CHECKED, load_kind
from probes.result import CheckResult, Status
from probes.run import Prober
from probes.spec import CheckSpec
from probes.waterfall import render_result


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parse(arguments)
    kind = options.kind or _guess_kind(options.target)
    try:
        spec = _make_spec(kind, options)
    except ConfigError as mistake:
        for field, sentence in mistake.errors.items():
            print(f"{field}: {sentence}", file=sys.stderr)
        return 2
    shown: list[str] = []
    prober = Prober(
        allow_private=True,
        ca_file=options.ca_file,
        show_certificates=lambda _spec, pems: shown.extend(pems[:1]),
    )
    try:
        result = prober.run_one(spec)
        if not shown and result.error_code.startswith("tls_") and kind == "http":
            _fetch_certificate(prober, spec)
    finally:
        prober.close()
    certificate = read_certificate(shown[0].encode()) if shown else None
    _print(result, spec.target, certificate, as_json=options.json)
    return 0 if result.status in (Status.UP, Status.DEGRADED) else 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m probes", description="Run one check and show what it found."
    )
    parser.add_argument("target", help="a URL, host:port, host or domain name")
    parser.add_argument(
        "--kind", choices=sorted(CHECKED), help="default: http for a URL, tcp for host:port, else ping"
    )
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--config", default="{}", metavar="JSON", help="the kind's options, as in the API")
    parser.add_argument("--ca-file", metavar="FILE", help="certificate authorities in place of the system's")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)


def _guess_kind(target: str) -> str:
    scheme, separator, _ = target.partition("://")
    if separator:
        return next((kind for kind in CHECKED if scheme.lower() in load_kind(kind).schemes), "http")
    if "/" in target:
        return "http"
    return "tcp" if ":" in target else "ping"


def _make_spec(kind: str, options: argparse.Namespace) -> CheckSpec:
    try:
        config: Any = json.loads(options.config)
    except json.JSONDecodeError as mistake:
        raise ConfigError({"config": f"This is not JSON: {mistake}."}) from None
    if not 0 < options.timeout <= 300:
        raise ConfigError({"timeout": "Must be a number of seconds, above 0 and at most 300."})
    return CheckSpec(
        monitor_id=0,
        revision=0,
        kind=kind,
        target=check_target(kind, options.target),
        region="here",
        scheduled_at=datetime.now(UTC),
        timeout_s=options.timeout,
        config=check_config(kind, config),
    )


def _fetch_certificate(prober: Prober, spec: CheckSpec) -> None:
    """Fetch the certificate that was refused, without verifying it. The hook keeps it."""
    config = {"verify_tls": False, "tls_expiry_days": 0}
    target = spec.target.split("://", 1)[1].split("/", 1)[0]
    prober.run_one(
        msgspec.structs.replace(
            spec, kind="tls", target=check_target("tls", target), config=check_config("tls", config)
        )
    )


def _print(result: CheckResult, target: str, certificate: Certificate | None, *, as_json: bool) -> None:
    if as_json:
        body = msgspec.to_builtins(result)
        for field in ("monitor_id", "revision", "region", "scheduled_at"):
            del body[field]
        print(json.dumps(body, indent=2))
        return
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    print(render_result(result, target=target, now=datetime.now(UTC), certificate=certificate, colour=colour))


if __name__ == "__main__":
    sys.exit(main())
