#!/bin/sh
# Prints the first Python 3.12 or 3.13 that runs here: what Lambda offers, on a C library new enough for our wheels.
# A pyenv shim that is found but refuses to run is passed over.
for python in python3.12 python3.13 python3 "$HOME"/.pyenv/versions/3.12*/bin/python3 "$HOME"/.pyenv/versions/3.13*/bin/python3; do
    if "$python" -c 'import sys, ssl, sqlite3, venv; sys.exit(sys.version_info[:2] not in {(3, 12), (3, 13)})' 2>/dev/null; then
        echo "$python"
        exit 0
    fi
done
echo "The serverless engine's tools need Python 3.12 or 3.13 (as Lambda runs it): install one, or set PYTHON_AWS=/path/to/python3.12" >&2
exit 1
