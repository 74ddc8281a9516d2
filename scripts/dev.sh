#!/bin/sh
# `make dev`: our server on :8000 and the app's own development server on :3000, each reloading when its sources change.
# Both are asked by the name localhost: ports do not part a site, another name would, and the session's cookie with it.
set -eu
cd "$(dirname "$0")/.."
sh frontend/build.sh --tools
PATH="$(sh scripts/node-bin.sh):$PATH"
export PATH NEXT_TELEMETRY_DISABLED=1
(cd frontend && NEXT_PUBLIC_API_URL="http://localhost:${PORT:-8000}" exec ./node_modules/.bin/next dev --port "${APP_PORT:-3000}") &
app=$!
trap 'kill $app 2>/dev/null' EXIT INT TERM
DEBUG=1 APP_DIR=none .venv/bin/watchfiles --filter python --sigint-timeout 15 \
    ".venv/bin/python manage.py up $*" \
    accounts actions alerts analytics core delivery incidents monitors outbox pipeline probes sentrypulse simulation statuspages
