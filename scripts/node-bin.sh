#!/bin/sh
# Prints the folder of a Node that builds the app: the machine's own from 24 on, else one from PyPI in .venv-node.
set -eu
cd "$(dirname "$0")/.."
if command -v npm >/dev/null 2>&1 && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 24 ? 0 : 1)' 2>/dev/null; then
    dirname "$(command -v node)"
    exit 0
fi
if ! cmp -s requirements-app.txt .venv-node/requirements-app.txt; then
    echo "Installing Node from PyPI in .venv-node …" >&2
    test -x .venv-node/bin/python || "${PYTHON:-python3}" -m venv .venv-node
    .venv-node/bin/pip install --quiet --quiet --disable-pip-version-check -r requirements-app.txt >&2
    cp requirements-app.txt .venv-node/requirements-app.txt
fi
echo "$PWD/.venv-node/bin"
