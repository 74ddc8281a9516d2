#!/bin/sh
# `make e2e`: the app in Debian's Chromium, against the real product.
set -eu
cd "$(dirname "$0")/../.."
CHROMIUM=$(sh tests/chromium.sh)
sh build.sh
PATH="$(sh ../scripts/node-bin.sh):$PATH"
export PATH CHROMIUM
export E2E_PORT="${E2E_PORT:-$(../.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}"
exec ./node_modules/.bin/playwright test "$@"
