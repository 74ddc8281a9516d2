"""Rules that forms of several kinds share. Each gets the fields that could be read, may normalise them, and
adds to ``errors`` a sentence for a person."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from core.hosts import check_web_address, spell_host

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


def match(config: dict[str, Any], errors: dict[str, str], name: str, pattern: str, sentence: str) -> None:
    if name in config and not re.fullmatch(pattern, config[name]):
        errors.setdefault(name, sentence)


def check_address(config: dict[str, Any], errors: dict[str, str], name: str) -> None:
    """The field must be an http or https address; its host is normalised."""
    if name not in config:
        return
    if problem := check_web_address(config[name]):
        errors.setdefault(name, problem)
    else:
        config[name] = spell_host(config[name])


def check_server(config: dict[str, Any], errors: dict[str, str]) -> None:
    """``server`` must be the address of a server without a query; a slash at its end is removed."""
    check_address(config, errors, "server")
    if "server" in config:
        config["server"] = config["server"].rstrip("/")
        if "server" not in errors and urlsplit(config["server"]).query:
            errors["server"] = "Leave out what follows the ?."


def check_names(config: dict[str, Any], errors: dict[str, str], field: str) -> None:
    names = config.get(field, [])
    if len(names) > 20 or any(not name or len(name) > 100 or CONTROL.search(name) for name in names):
        errors.setdefault(field, "At most 20 names, each of 1 to 100 characters.")


def check_recipients(
    config: dict[str, Any], errors: dict[str, str], tidy: Callable[[str], str], what: str
) -> None:
    """Normalise every recipient with ``tidy`` and drop duplicates; the error names the invalid ones."""
    if "to" not in config:
        return
    wrong, right = [], dict[str, None]()
    for recipient in config["to"]:
        try:
            right[tidy(recipient)] = None
        except ValueError:
            wrong.append(CONTROL.sub(" ", recipient[:60]))
    config["to"] = list(right)
    if wrong:
        errors["to"] = f"Not {what}: {', '.join(wrong)}."


def check_phones(config: dict[str, Any], errors: dict[str, str]) -> None:
    check_recipients(config, errors, tidy_phone, "phone numbers such as +15551234567")


def tidy_phone(text: str) -> str:
    """A phone number as ``+`` and digits, with the country's code. Raises ``ValueError`` for anything
    else."""
    number = re.sub(r"[\s().\-/]", "", text)
    if number.startswith("00"):
        number = f"+{number[2:]}"
    if not _PHONE.fullmatch(number):
        raise ValueError("not a phone number with its country's code")
    return number
