#!/bin/sh
# Pins pyproject.toml's dependencies into the requirements files, for every platform and Python from 3.11
# (from 3.12 what only the serverless engine's tools need).
#   scripts/lock.sh            keep today's pins where they still fit
#   scripts/lock.sh --upgrade  take the newest releases
#   scripts/lock.sh --check    change nothing; fail when a file does not follow from pyproject.toml
set -eu
cd "$(dirname "$0")/.."

pin() { # pin FILE PYTHON [compile options]
    out=$1 python=$2; shift 2
    .venv/bin/uv pip compile --quiet --universal --python-version "$python" --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header $upgrade "$@" -o "$out"
}
pin_all() { # pin_all FOLDER
    pin "$1requirements.txt" 3.11 pyproject.toml
    pin "$1requirements-dev.txt" 3.11 pyproject.toml --extra dev --constraint "$1requirements.txt"
    pin "$1requirements-mysql.txt" 3.11 pyproject.toml --extra mysql --constraint "$1requirements.txt"
    pin "$1requirements-aws.txt" 3.12 pyproject.toml --extra aws --constraint "$1requirements-dev.txt"
    pin "$1requirements-edge.txt" 3.12 --group edge --constraint "$1requirements.txt"
    pin "$1requirements-sam.txt" 3.12 --group sam
    pin "$1requirements-app.txt" 3.11 --group app
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
