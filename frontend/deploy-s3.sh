#!/bin/sh
# Puts the static site where the stage's distribution serves it: builds it where there is something to build, uploads
# what changed with the right cache headers, deletes what is gone, and has the edges forget the old pages.
#   frontend/deploy-s3.sh STAGE [FOLDER]      (FOLDER: a site that is built already; else frontend/out)
set -eu
cd "$(dirname "$0")/.."
stage=${1:?"which stage? frontend/deploy-s3.sh prod"}
folder=${2:-}
if [ -z "$folder" ]; then
    folder=frontend/out
    if [ -f frontend/package.json ]; then
        sh frontend/build.sh --plain
    fi
fi
exec "${PYTHON:-.venv/bin/python}" manage.py aws frontend --stage "$stage" --folder "$folder"
