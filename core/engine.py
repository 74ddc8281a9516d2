from enum import StrEnum


class Engine(StrEnum):
    """How the product runs. The setting ENGINE says it."""

    EMBEDDED = "embedded"
    CELERY = "celery"
    SERVERLESS = "serverless"
