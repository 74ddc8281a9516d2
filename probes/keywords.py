"""Looks for a keyword in a body, which is decoded as a browser would decode it.

The text is the document's source, tags included, and case counts. When the keyword is not there as it was
typed, text and keyword are brought into one form and compared again, so that what a person sees on the page
is found. In that form, character references of HTML and XML and escapes of JSON are decoded, letters are
composed (NFC), white space of any kind and length is one blank, and soft hyphens and characters without width
are left out.
"""

import html
import json
import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

from probes.charsets import GUESSES, UTF_8, decode_text, find_codec, find_encoding, guess_encoding

_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")
# Marks beyond what any language writes on one letter: to put them in order takes the square of their number.
_PILED = re.compile(r"([^\w\s\x00-\x7f]{31,})")
_OFTEN_REFERRED_TO = re.compile(r"[&<>\"'/=`]|[^\x00-\x7f]")
_JSON_ESCAPE = re.compile(r"""\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})""")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANK = r"(?:\s|&nbsp;|&#160;|&#[xX][aA]0;)"


def contains_keyword(body: bytes, keyword: str, content_type: str = "") -> bool:
    """Whether ``keyword`` is in ``body``."""
    name, start = find_encoding(body, content_type)
    if _is_there_as_utf_8(body, keyword, name):
        return True
    text = decode_text(body[start:] if start else body, name or guess_encoding(body))
    return (
        (name != UTF_8 and keyword in text)
        or _is_there_unified(text, keyword, content_type.lower())
        or (not name and _is_there_by_guess(body, keyword))
        or (not _can_hold(name, keyword) and _is_there_as_utf_8(body, keyword, ""))
    )


def contains_plainly(body: bytes, keyword: str, content_type: str = "") -> bool:
    """The same as far as it can be told quickly. False may mean that a closer look is needed."""
    return _is_there_as_utf_8(body, keyword, find_encoding(body, content_type)[0])


def _is_there_as_utf_8(body: bytes, keyword: str, name: str) -> bool:
    return name in ("", UTF_8) and keyword.encode(errors="surrogatepass") in body


def _can_hold(name: str, keyword: str) -> bool:
    """Whether the declared encoding ``name`` has all letters of the keyword. When it has not, the declaration
    is probably wrong, and the text is UTF-8."""
    if keyword.isascii() or name in ("", UTF_8, "x-user-defined", "replacement"):
        return True
    try:
        keyword.encode(name)
    except UnicodeEncodeError:
        return False
    return True


def _is_there_unified(text: str, keyword: str, kind: str) -> bool:
    """Look again, in one form of text and keyword. A step that cannot make a difference is left out, so most
    texts stay as they are."""
    wanted, spaced = _make_pattern(keyword)
    markup = not kind or "html" in kind or "xml" in kind
    references = markup and "&" in text and (_OFTEN_REFERRED_TO.search(keyword) or "&shy" in text)
    if references:
        text = html.unescape(text)
    often_escaped = spaced or "\\" in keyword or _OFTEN_REFERRED_TO.search(keyword)
    escapes = often_escaped and "\\" in text and _is_json(text, kind)
    if escapes:
        text = _read_escapes(text)
    if not text.isascii():
        text = _UNSEEN.sub("", text) if keyword.isascii() else _unify(text)
    elif not references and not escapes and not spaced:
        return False
    return wanted.search(text) is not None


def _is_json(text: str, kind: str) -> bool:
    return "json" in kind or ("html" not in kind and "xml" not in kind and text.lstrip()[:1] in ("{", "["))


def _read_escapes(text: str) -> str:
    text = _JSON_ESCAPE.sub(lambda found: _read_escape(found[0]), text)
    if _SURROGATE.search(text):  # two of them are one letter
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


@lru_cache(maxsize=4_096)
def _read_escape(escape: str) -> str:
    return str(json.loads(f'"{escape}"'))


@lru_cache(maxsize=1_024)
def _make_pattern(keyword: str) -> tuple[re.Pattern[str], bool]:
    """A pattern that finds the unified keyword, and whether it has blanks. Any white space fits any other."""
    pieces = re.split(r"\s+", _unify(keyword))
    pattern = re.escape(pieces[0])
    for before, piece in pairwise(pieces):
        many = "++" if before and piece else ""  # not at the ends, where it would try every blank of a run
        pattern += _BLANK + many + re.escape(piece)
    return re.compile(pattern), len(pieces) > 1


def _unify(text: str) -> str:
    pieces = _PILED.split(_UNSEEN.sub("", text))
    pieces[::2] = [unicodedata.normalize("NFC", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _is_there_by_guess(body: bytes, keyword: str) -> bool:
    """Look again in a body that declares no encoding and is not UTF-8: by each encoding that browsers
    guess."""
    if keyword.isascii() or guess_encoding(body) == UTF_8:
        return False
    return any(_is_there_in(body, keyword, find_codec(label)) for label in GUESSES)


def _is_there_in(body: bytes, keyword: str, name: str) -> bool:
    try:
        return keyword.encode(name) in body and keyword in body.decode(name)
    except UnicodeError:
        return False
