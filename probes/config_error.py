"""The error that tells a user's mistakes in a monitor's configuration."""


class ConfigError(ValueError):
    """``errors`` maps a field's path, such as ``headers.X-Token``, to one sentence that names the fix."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in errors.items()))
        self.errors = errors
