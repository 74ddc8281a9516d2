"""The name that ``sentrypulse.healthcheck`` had before 0.1: compose files and probes of people still run
``python -m sentrypulse.pulse``."""

import sys

from sentrypulse.healthcheck import main

if __name__ == "__main__":
    sys.exit(main())
