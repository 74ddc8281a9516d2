#!/bin/sh
# Prints the path of Debian's Chromium; installs it where root may.
set -eu
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || true)}
if [ -z "$chromium" ]; then
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "Installing Debian's chromium …" >&2
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
        chromium=$(command -v chromium)
    else
        echo "The browser tests need Chromium: apt-get install chromium, or set CHROMIUM to its path." >&2
        exit 1
    fi
fi
echo "$chromium"
