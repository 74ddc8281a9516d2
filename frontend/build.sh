#!/bin/sh
# Builds the app into out/, unless it is built of the same sources already.
#   frontend/build.sh          for the servers that serve it themselves: packed copies (.br, .gz) beside the files
#   frontend/build.sh --plain  for a bucket: CloudFront packs
#   frontend/build.sh --tools  nothing is built; the tools alone are installed
set -eu
cd "$(dirname "$0")"
kind=${1:---compress}
PATH="$(sh ../scripts/node-bin.sh):$PATH"
export PATH NEXT_TELEMETRY_DISABLED=1

tools=$(node scripts/hash.mjs package.json package-lock.json)
if [ "$(cat node_modules/.tools 2>/dev/null)" != "$tools" ]; then
    echo "Installing what builds the app (once, about a minute) …"
    npm ci --no-audit --loglevel=error
    echo "$tools" >node_modules/.tools
fi
test "$kind" != --tools || exit 0

build=$(node scripts/hash.mjs src pages public scripts next.config.ts tsconfig.json package-lock.json)
stamp="$build $kind ${NEXT_PUBLIC_API_URL:-}"
test "$(cat out/.stamp 2>/dev/null)" != "$stamp" || exit 0
echo "Building the app (when its sources changed, about a minute) …"
rm -rf out
APP_BUILD=$build ./node_modules/.bin/next build
if [ "$kind" = --compress ]; then node scripts/after-build.mjs --compress; else node scripts/after-build.mjs; fi
echo "$stamp" >out/.stamp
