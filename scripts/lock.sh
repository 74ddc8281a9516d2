#!/bin/sh
# Pins pyproject.toml's dependencies into the three requirements files, for every platform and Python from 3.11.
#   scripts/lock.sh            keep today's pins where they still fit
#   scripts/lock.sh --upgrade  take the newest releases
#   scripts/lock.sh --check    change nothing; fail when a file does not follow from pyproject.toml
set -eu
cd "$(dirname "$0")/.."

pin() { # pin FILE [compile options]
    out=$1; shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header $upgrade "$@" pyproject.toml -o "$out"
}
pin_all() { # pin_all FOLDER
    pin "$1requirements.txt"
    pin "$1requirements-dev.txt" --extra dev --constraint "$1requirements.txt"
    pin "$1requirements-mysql.txt" --extra mysql --constraint "$1requirements.txt"
}

upgrade=
case "${1:-}" in
--upgrade) upgrade=--upgrade; pin_all "" ;;
--check)
    scratch=$(mktemp -d); trap 'rm -rf "$scratch"' EXIT
    cp requirements*.txt "$scratch/"
    pin_all "$scratch/"
    for file in requirements*.txt; do
        cmp -s "$file" "$scratch/$file" || { echo "$file does not follow from pyproject.toml; run: make lock"; exit 1; }
    done
    echo "The lock files follow from pyproject.toml." ;;
*) pin_all "" ;;
esac
