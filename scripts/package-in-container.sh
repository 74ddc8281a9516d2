#!/bin/sh
# What `make package-container` runs inside AWS's build image (Amazon Linux 2023, as Lambda): the packages, from nothing.
# Its environment is its own, so that the one on the outside, of another system, stays as it is.
set -eu
if command -v dnf >/dev/null 2>&1; then
    dnf install -y -q gcc pkgconf-pkg-config mariadb-connector-c-devel
fi
venv=${PACKAGE_VENV:-/tmp/package-venv}
"$(sh scripts/find-python-aws.sh)" -m venv "$venv"
"$venv/bin/pip" install --quiet -r requirements.txt -r requirements-aws.txt
"$venv/bin/python" -m infra.package
chown -R "$(stat -c %u:%g .)" build # Docker's root is nobody outside
