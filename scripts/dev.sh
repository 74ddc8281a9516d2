#!/bin/sh
# `make dev`: our server on :8000 and the app's own development server on :3000, each reloading when its sources change
# (PORT and APP_PORT choose others). Both are asked by the name localhost: ports do not part a site, another name would,
# and the session's cookie with it.
set -eu
cd "$(dirname "$0")/.."
sh frontend/build.sh --tools
PATH="$(sh scripts/node-bin.sh):$PATH"
export PATH NEXT_TELEMETRY_DISABLED=1
APP_PORT=${APP_PORT:-3000}
(cd frontend && NEXT_PUBLIC_API_URL="http://localhost:${PORT:-8000}" \
    exec ./node_modules/.bin/next dev --hostname localhost --port "$APP_PORT") &
app=$!
trap 'kill $app 2>/dev/null' EXIT INT TERM
DEBUG=1 APP_DIR=none APP_URL="http://localhost:$APP_PORT" .venv/bin/watchfiles --filter python --sigint-timeout 15 \
    ".venv/bin/python manage.py up $*" \
    accounts actions alerts analytics core delivery incidents monitors outbox pipeline probes sentrypulse simulation statuspages
