"""The text of a file as JSON, YAML or a table, within limits of size, depth and number.

An error never quotes the text: it may hold passwords.
"""

import codecs
import csv
import io
import json
from functools import cached_property
from typing import Any

import yaml

from core.values import MAX_DEPTH, find_json_faults, find_text_fault

MAX_TEXT_BYTES = 2_000_000
MAX_NODES = 200_000
"""Values of a YAML document, each alias counted with all that it stands for."""
MAX_ENTRIES = 5_000
MAX_COLUMNS = 200
DELIMITERS = ",;\t"
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(ValueError):
    """Why the file cannot be read, in one sentence that quotes nothing of it."""


class TooLarge(Unreadable):
    """There is more in the file than is read of any."""


def decode_text(data: bytes) -> str:
    """The text of a file's bytes: as its byte order mark says, else UTF-8, UTF-16 without a mark, or
    windows-1252, in which Excel writes CSV."""
    if len(data) > 2 * MAX_TEXT_BYTES + 4:
        raise Unreadable(_TOO_LONG)
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decode(data, codec)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return text
    odd, even = data[1::2].count(0), data[::2].count(0)
    if odd or even:
        return _decode(data, "utf-16-le" if odd > even else "utf-16-be")
    return _decode(data, "cp1252")


def _decode(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        raise Unreadable("The file is no text in UTF-8, UTF-16 or windows-1252; save it as UTF-8.") from None


_TOO_LONG = f"The file has more than {MAX_TEXT_BYTES:,} bytes; split it."


class Document:
    """A file's text. ``json``, ``yaml`` and ``table`` read it, and raise ``Unreadable``."""

    def __init__(self, text: str) -> None:
        if fault := find_text_fault(text):
            raise Unreadable(f"The text: {fault} Send the file decoded, as UTF-8 text.")
        if len(text) > MAX_TEXT_BYTES or len(text.encode()) > MAX_TEXT_BYTES:
            raise Unreadable(_TOO_LONG)
        if text.startswith("\ufffd"):
            raise Unreadable("The file was decoded in a wrong way; it is perhaps UTF-16. Save it as UTF-8.")
        self.text = text.removeprefix("\ufeff")
        if not self.text.strip():
            raise Unreadable("The file is empty.")

    @property
    def looks_like_json(self) -> bool:
        return self.text.lstrip()[:1] in ("{", "[")

    @cached_property
    def json(self) -> Any:
        try:
            data = json.loads(self.text)
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from None
        except json.JSONDecodeError as error:
            raise Unreadable(
                f"This is no JSON: line {error.lineno}, column {error.colno} cannot be read."
            ) from None
        except ValueError:  # a number of thousands of digits
            raise Unreadable("This is no JSON: it has a number that is too long.") from None
        return _require_sound(data)

    @cached_property
    def yaml(self) -> Any:
        """All scalars are text, as they are written; merge keys (``<<``) and aliases are followed."""
        try:
            _require_flat(self.text)
            root = yaml.compose(self.text, Loader=_TextLoader)
            _require_few(root)
            data = yaml.load(self.text, Loader=_TextLoader)  # noqa: S506  # a SafeLoader
        except RecursionError:
            raise Unreadable(_TOO_DEEP) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "a part of it"
            raise Unreadable(f"This is no YAML: {place} cannot be read.") from None
        except (yaml.YAMLError, ValueError, TypeError) as error:
            if isinstance(error, Unreadable):
                raise
            raise Unreadable("This is no YAML: a part of it cannot be read.") from None
        return _require_sound(data)

    @cached_property
    def table(self) -> list[dict[str, str]]:
        """The rows by heading, headings in small letters. Lines without any text are left out. Cells beyond
        the headings are under the heading ``""``."""
        delimiter, text = self._find_delimiter()
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows, headings = [], list[str]()
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if not headings:
                    headings = [" ".join(cell.split()).lower() for cell in cells]
                    _require_headings(headings)
                    continue
                row = dict(zip(headings, cells, strict=False))
                if beyond := [cell for cell in cells[len(headings) :] if cell.strip()]:
                    row[""] = delimiter.join(beyond)
                rows.append(row)
                if len(rows) > MAX_ENTRIES:
                    raise TooLarge(TOO_MANY_ENTRIES)
        except csv.Error:
            raise Unreadable(f"This is no CSV: line {reader.line_num} cannot be read.") from None
        return rows

    def _find_delimiter(self) -> tuple[str, str]:
        """The delimiter and the text without Excel's line ``sep=;``. It is the one that the line of headings
        has most often, outside quotes."""
        first, _, rest = self.text.partition("\n")
        said = first.strip()
        if said.lower().startswith("sep=") and len(said) == 5 and said[4] in DELIMITERS + "|":
            return said[4], rest
        if first.strip("\r").lower() == "sep=\t":
            return "\t", rest
        heading = "".join(self.text.lstrip().splitlines()[:1]).split('"')[::2]  # what is outside quotes
        counts = {each: sum(part.count(each) for part in heading) for each in DELIMITERS}
        return max(DELIMITERS, key=lambda each: counts[each]), self.text


def _require_headings(headings: list[str]) -> None:
    if len(headings) > MAX_COLUMNS:
        raise Unreadable(f"The table has more than {MAX_COLUMNS} columns.")
    named = [heading for heading in headings if heading]
    if len(set(named)) < len(named):
        raise Unreadable("Two columns of the table have the same heading.")


_TOO_DEEP = f"The file nests deeper than {MAX_DEPTH} levels."
TOO_MANY_ENTRIES = f"The file has more than {MAX_ENTRIES:,} entries; split it."
_TOO_MANY = f"The file stands for more than {MAX_NODES:,} values, aliases written out."


def _require_sound(data: Any) -> Any:
    for place, faults in find_json_faults(data).items():
        where = "The file" if place == "non_field_errors" else f"The file at {place}"
        raise Unreadable(f"{where}: {faults[0]}")
    return data


class _TextLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's, if built in
    """A SafeLoader for which every scalar is text. YAML's own types are those of 2005, where ``no`` is false
    and ``22:22`` a number; the tools whose files are read here have others."""

    yaml_implicit_resolvers = {
        "<": [("tag:yaml.org,2002:merge", yaml.SafeLoader.yaml_implicit_resolvers["<"][0][1])]
    }


def _require_flat(text: str) -> None:
    """Look at depth and number without building anything: both loaders recurse."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_TextLoader)):
        if number > MAX_NODES:
            raise TooLarge(_TOO_MANY)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable(_TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _require_few(root: yaml.Node | None) -> None:
    """Count the nodes with aliases written out, before the loader does so for merge keys."""
    sizes: dict[int, int] = {}
    open_nodes = set[int]()

    def measure(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is not None:
            return known
        if id(node) in open_nodes:
            raise Unreadable("The file has an alias that contains itself.")
        open_nodes.add(id(node))
        inner: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            inner = node.value
        elif isinstance(node, yaml.MappingNode):
            inner = [part for pair in node.value for part in pair]
        size = 1
        for part in inner:
            size += measure(part)
            if size > MAX_NODES:
                raise TooLarge(_TOO_MANY)
        open_nodes.discard(id(node))
        sizes[id(node)] = size
        return size

    if root is not None:
        measure(root)
