#!/bin/sh
# in-chromium.sh COMMAND …: runs it in frontend/, with the app built, Node and its tools on the path, and CHROMIUM naming
# Debian's Chromium, which is installed where root may.
set -eu
cd "$(dirname "$0")/.."
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [ -z "$CHROMIUM" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing Debian's chromium …"
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
        CHROMIUM=$(command -v chromium)
    else
        echo "This needs Chromium: apt-get install chromium, or set CHROMIUM to its path."
        exit 1
    fi
fi
sh build.sh
PATH="$PWD/node_modules/.bin:$(sh ../scripts/node-bin.sh):$PATH"
E2E_PORT="${E2E_PORT:-$(../.venv/bin/python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}"
export PATH CHROMIUM E2E_PORT
exec "$@"
