#!/bin/sh
# `make check` of the app: a client that follows from the API's document, lint, format, types.
set -eu
cd "$(dirname "$0")"
if [ ! -d node_modules ]; then
    echo "The app was not checked: its tools are not installed (make app-check installs them)."
    exit 0
fi
PATH="$(sh ../scripts/node-bin.sh):$PATH"
export PATH
../.venv/bin/python ../manage.py spectacular --file schema.yaml
npm run --silent api:check || { echo "src/api/schema.d.ts is stale; run: make app-client"; exit 1; }
npm run --silent lint
npm run --silent typecheck
