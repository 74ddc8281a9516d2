"""Finds the encoding of a text as browsers do, and decodes the text. Whatever a text declares or holds,
nothing raises.

The order is that of the HTML standard: a byte order mark, the Content-Type header, ``<meta>`` or the XML
declaration, then UTF-8 if the bytes are valid UTF-8. Labels are those of the WHATWG Encoding standard:
``latin1`` means windows-1252; ``utf-7`` and Python's own ``undefined``, ``idna`` and ``rot13`` are no labels.
Unlike in the standard, UTF-32 is read where it is declared.
"""

import codecs
import re
from collections.abc import Callable
from functools import lru_cache

import webencodings

Decode = Callable[[bytes, str], tuple[str, int]]

UTF_8 = "utf-8"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF_32 = {"utf-32": "utf-32-le", "utf-32le": "utf-32-le", "utf-32be": "utf-32-be"}
_ASCII = {"ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6"}
"""These labels count as no declaration. A text that declares ASCII and holds other bytes is more often UTF-8
than windows-1252."""
# Where the standard's decoder reads more than Python's codec of that name, another codec reads it, or
# ``_read_beyond`` what the codec cannot.
_CODECS = {"gbk": "gb18030", "iso-2022-jp": "iso2022_jp_ext"}
_BEYOND = {"euc_jp", "iso2022_jp_ext", "big5hkscs"}
# Encodings in which a text of an undeclared page is looked for; browsers guess among them, too.
GUESSES = (
    "windows-1252",
    "shift_jis",
    "euc-jp",
    "gb18030",
    "big5",
    "euc-kr",
    "windows-1251",
    "koi8-r",
    "iso-8859-2",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-874",
)
_PRESCAN_BYTES = 16 * 1024  # the standard says 1,024; browsers go on, and start anew if one is found
_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?\s*+([^\s\"';,]{1,60})", re.IGNORECASE)
_META_CHARSET = re.compile(rb"charset\s*+=\s*+[\"']?\s*+([^\s\"';]{1,60})", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\s[^>]{0,300}?encoding\s*=\s*[\"']([^\"'>]{1,60})[\"']")
_TAG = re.compile(rb"<(?:(!--)|/?([a-zA-Z][^\s/>]*)|[!/?])")
_ATTRIBUTE = re.compile(rb"[\s/]*+([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]*)))?")


def read_text(body: bytes, content_type: str = "") -> str:
    """``body`` as text. What cannot be read becomes U+FFFD."""
    name, start = find_encoding(body, content_type)
    return decode_text(body[start:], name or guess_encoding(body))


def find_encoding(body: bytes, content_type: str = "") -> tuple[str, int]:
    """The codec that ``body`` declares, or "" for none; and the offset at which the text begins, behind a
    byte order mark."""
    if body[:2] in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff", b"\0\0"):
        for mark, name in _MARKS:
            if body.startswith(mark):
                return name, len(mark)
    return find_codec(read_label(content_type)) or _find_declared(body, content_type), 0


def guess_encoding(body: bytes) -> str:
    """The codec of a body that declares none: UTF-8 if the bytes are valid UTF-8, otherwise windows-1252. The
    last character of a UTF-8 text may be cut off."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    try:
        text = decoder.decode(body)
    except UnicodeDecodeError:
        return find_codec(GUESSES[0])
    cut_off = decoder.getstate()[0]
    return find_codec(GUESSES[0]) if cut_off and text.isascii() else UTF_8


def read_label(content_type: str) -> str:
    """The charset that a Content-Type header names, "" for none."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


@lru_cache(maxsize=512)
def find_codec(label: str) -> str:
    """The name of the codec for a label of the standard, "" for any other word.

    ``x-user-defined`` and ``replacement`` are no codecs of Python's; only ``decode_text`` knows them.
    """
    if not label.isascii():
        return ""
    name = label.strip().lower()
    if name in _UTF_32:
        return _UTF_32[name]
    found = webencodings.lookup(name)
    if found is None or name in _ASCII:
        return ""
    return _CODECS.get(found.name, str(found.codec_info.name))


def decode_text(body: bytes, name: str) -> str:
    """``body`` read by a codec that ``find_codec`` named; what cannot be read is replaced."""
    if name in ("x-user-defined", "replacement"):
        found = webencodings.lookup(name)
        assert found is not None  # noqa: S101  # the standard has both
        return str(found.codec_info.decode(body, "replace")[0])
    return body.decode(name, "sentrypulse.beyond" if name in _BEYOND else "replace")


def _read_beyond(trouble: UnicodeError) -> tuple[str, int]:
    """Decode two bytes that a codec of Python's does not know but the standard does: NEC's and IBM's
    characters of Japanese, ETEN's of Chinese."""
    assert isinstance(trouble, UnicodeDecodeError)  # noqa: S101
    pair = trouble.object[trouble.start : trouble.start + 2]
    if trouble.encoding.startswith("big5"):
        text = _try(pair, "cp950")
    elif all(0x21 <= byte & 0x7F <= 0x7E for byte in pair) and len(pair) == 2:
        text = _try(_to_shift_jis(pair[0] & 0x7F, pair[1] & 0x7F), "cp932")
    else:
        text = ""
    return (text, trouble.start + 2) if text else ("\ufffd", trouble.end)


def _to_shift_jis(row: int, cell: int) -> bytes:
    """The bytes in Shift JIS of a row and cell of JIS X 0208, both counted from 0x21 (RFC 1345's
    arithmetic)."""
    lead = (row - 0x21) // 2 + 0x81
    trail = cell + (0x1F if cell < 0x60 else 0x20) if row % 2 else cell + 0x7E
    return bytes((lead if lead < 0xA0 else lead + 0x40, trail))


def _try(pair: bytes, name: str) -> str:
    try:
        return pair.decode(name)
    except UnicodeDecodeError:
        return ""


codecs.register_error("sentrypulse.beyond", _read_beyond)


# ---- what a document says of itself ----


def _find_declared(body: bytes, content_type: str) -> str:
    kind = content_type.lower()
    if kind and "html" not in kind and "xml" not in kind:
        return ""
    head = body[:_PRESCAN_BYTES]
    found = _find_in_meta(head) if not kind or "html" in kind else ""
    return found or _find_in_xml(head)


def _find_in_xml(head: bytes) -> str:
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16-le"
    if head.startswith(b"\0<\0?\0x"):
        return "utf-16-be"
    match = _XML.match(head)
    return _find_ascii_like(match[1]) if match else ""


def _find_ascii_like(label: bytes) -> str:
    """The codec for a label that stands in the text itself. A text whose declaration can be read as ASCII is
    not UTF-16 or UTF-32, so UTF-8 is taken instead (HTML standard, 13.2.3.2)."""
    name = find_codec(label.decode("latin-1"))
    if name.startswith(("utf-16", "utf-32")):
        return UTF_8
    return "cp1252" if name == "x-user-defined" else name


def _find_in_meta(head: bytes) -> str:
    """The first ``<meta>`` outside of comments that names a charset (HTML standard, "prescan")."""
    if b"charset" not in head.lower():
        return ""
    place = 0
    while match := _TAG.search(head, place):
        if match[1]:
            end = head.find(b"-->", match.start() + 2)
        elif match[2]:
            attributes, end = _read_attributes(head, match.end())
            if match[2].lower() == b"meta" and (name := _read_meta(attributes)):
                return name
            end -= 1
        else:
            end = head.find(b">", match.end())
        if end < 0:
            return ""
        place = end + 1
    return ""


def _read_attributes(head: bytes, place: int) -> tuple[dict[bytes, bytes], int]:
    attributes: dict[bytes, bytes] = {}
    while match := _ATTRIBUTE.match(head, place):
        attributes.setdefault(match[1].lower(), match[2] or match[3] or match[4] or b"")
        place = match.end()
    return attributes, place


def _read_meta(attributes: dict[bytes, bytes]) -> str:
    if b"charset" in attributes:
        return _find_ascii_like(attributes[b"charset"])
    if attributes.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return ""
    match = _META_CHARSET.search(attributes.get(b"content", b""))
    return _find_ascii_like(match[1]) if match else ""
