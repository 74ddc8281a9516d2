#!/bin/sh
# `make e2e`: the app in Debian's Chromium, against the real product.
set -eu
cd "$(dirname "$0")/../.."
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [ -z "$chromium" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing Debian's chromium …"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
        chromium=$(command -v chromium)
    else
        echo "The browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path."
        exit 1
    fi
fi
sh build.sh
PATH="$(sh ../scripts/node-bin.sh):$PATH"
export PATH CHROMIUM="$chromium"
export E2E_PORT="${E2E_PORT:-$(../.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}"
exec ./node_modules/.bin/playwright test "$@"
