"""Every text of a page is there in every language, and what is compiled is what was written."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from statuspages.models import Language

APP = Path(__file__).resolve().parents[2] / "statuspages"
LOCALES = ["de", "es", "fr", "zh_Hans"]
_STRING = re.compile(r'^(msgid|msgid_plural|msgstr(?:\[\d\])?) ("(?:[^"\\]|\\.)*")$')


def read_written(locale):
    """msgid → (plural id, texts) of a .po whose strings are on one line each."""
    found, entry = {}, {}
    for line in [*(APP / "locale" / locale / "LC_MESSAGES" / "django.po").read_text().splitlines(), ""]:
        if match := _STRING.match(line):
            entry[match[1]] = ast.literal_eval(match[2])
        elif not line and entry:
            texts = [text for name, text in entry.items() if name.startswith("msgstr")]
            if entry["msgid"]:
                found[entry["msgid"]] = (entry.get("msgid_plural"), texts)
            entry = {}
    return found


def read_compiled(locale):
    with (APP / "locale" / locale / "LC_MESSAGES" / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def test_every_language_of_pages_but_english_has_a_catalogue():
    assert {locale.lower().replace("_", "-") for locale in LOCALES} == set(Language.values) - {"en"}


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_compiled_is_what_was_written(locale):
    compiled = read_compiled(locale)
    written = read_written(locale)
    assert len(written) > 80
    for text, (plural, texts) in written.items():
        if plural is None:
            assert compiled.gettext(text) == texts[0], text
        else:
            assert compiled.ngettext(text, plural, 1) == texts[0], text
            assert compiled.ngettext(text, plural, 5) == texts[-1], text


@pytest.mark.parametrize("locale", LOCALES)
def test_every_translation_is_one_and_keeps_its_placeholders(locale):
    same = {
        "H:i",
        "Badge",
        "Maintenance",
        "Status",
        "F Y",
        "%(n)s s",
        "%(n)s min",
        "%(n)s ms",
        "%(number)s%%",
    }
    same |= {"%(hours)s h %(minutes)s min", "%(days)s d %(hours)s h"}
    for text, (plural, texts) in read_written(locale).items():
        for translated in texts:
            assert translated.strip(), text
            assert text in same or translated != text, text
            wanted = set(re.findall(r"%\(\w+\)s", plural or text))
            assert set(re.findall(r"%\(\w+\)s", translated)) in (
                wanted,
                set(re.findall(r"%\(\w+\)s", text)),
            ), text


@pytest.mark.skipif(not shutil.which("xgettext"), reason="gettext is not installed")
@pytest.mark.parametrize("locale", LOCALES)
def test_the_catalogue_has_every_text_that_the_code_marks(locale, tmp_path):
    copy = tmp_path / "statuspages"
    shutil.copytree(APP, copy, ignore=shutil.ignore_patterns("__pycache__", "migrations"))
    command = ["-m", "django", "makemessages", "-l", locale, "--no-wrap", "--no-location", "--no-obsolete"]
    environment = {name: text for name, text in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run([sys.executable, *command], cwd=copy, check=True, capture_output=True, env=environment)
    made = (copy / "locale" / locale / "LC_MESSAGES" / "django.po").read_text()
    marked = {ast.literal_eval(text) for text in re.findall(r'^msgid ("(?:[^"\\]|\\.)+")$', made, re.M)}
    assert marked == set(read_written(locale))
