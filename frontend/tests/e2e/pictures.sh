#!/bin/sh
# The pictures of docs/images/app/, anew: `sh frontend/tests/e2e/pictures.sh`. Needs pngquant (Debian has it).
set -eu
cd "$(dirname "$0")/../.."
command -v pngquant >/dev/null || { echo "The pictures are made small by pngquant: apt-get install pngquant."; exit 1; }
into=../docs/images/app
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
PICTURES="$made" sh tests/e2e/run.sh screens -g "first steps|monitors|form|heartbeat|incidents|session"
mkdir -p "$into"
for name in overview monitor-outage incident-open; do
    for project in light dark phone; do
        pngquant --strip --force --output "$into/$name-$project.png" 256 "$made/$name-$project.png"
    done
done
for name in overview-peek-light overview-filters-phone form-tested-light palette-dark first-steps-result-light \
    heartbeat-saved-phone session-ended-light; do
    pngquant --strip --force --output "$into/$name.png" 256 "$made/$name.png"
done
ls -l "$into"
