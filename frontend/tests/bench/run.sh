#!/bin/sh
# `make bench-app`: how long the app takes to answer a person who has 1,000 monitors, in Debian's Chromium.
set -eu
cd "$(dirname "$0")/../.."
CHROMIUM=$(sh tests/chromium.sh)
sh build.sh
PATH="$(sh ../scripts/node-bin.sh):$PATH"
export PATH CHROMIUM
exec node tests/bench/app.mjs "$@"
