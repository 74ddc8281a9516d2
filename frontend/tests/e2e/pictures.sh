#!/bin/sh
# The pictures of docs/images/app/, anew: `sh frontend/tests/e2e/pictures.sh`. Needs pngquant (Debian has it).
set -eu
cd "$(dirname "$0")/../.."
command -v pngquant >/dev/null || { echo "The pictures are made small by pngquant: apt-get install pngquant."; exit 1; }
into=../docs/images/app
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
PICTURES="$made" sh tests/in-chromium.sh playwright test screens
mkdir -p "$into"
rm -f "$into"/*.png
for made_one in "$made"/*.png; do
    pngquant --strip --force --output "$into/$(basename "$made_one")" 256 "$made_one"
done
du -sh "$into"
