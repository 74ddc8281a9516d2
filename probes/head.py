"""Reading the head of an HTTP answer from the lines that libcurl handed over."""

from collections.abc import Sequence
from dataclasses import dataclass

# Their bodies have no end.
_STREAMS = ("text/event-stream", "multipart/x-mixed-replace")


@dataclass(frozen=True, slots=True)
class Head:
    """The parts of a head that we use. ``content_type`` and ``location`` are empty where the header is
    missing.

    ``open_ended``: the length of the body is not announced. ``to_the_close``: the body ends with the
    connection.
    """

    content_type: str
    encodings: str
    location: bytes
    open_ended: bool
    to_the_close: bool

    @property
    def is_stream(self) -> bool:
        return self.content_type.lower().startswith(_STREAMS)


def is_complete(lines: Sequence[bytes]) -> bool:
    """Whether the last head has come whole, up to its empty line, and is not that of an interim answer."""
    ended = False
    for line in reversed(lines):  # trailers may stand behind
        if line.startswith(b"HTTP/"):
            return ended and not _is_interim(line)
        ended = ended or line in (b"\r\n", b"\n")
    return False


def _is_interim(status_line: bytes) -> bool:
    """Whether another answer follows: after every 1xx (RFC 9110, 15.2) but 101."""
    status = status_line.partition(b" ")[2]
    return status.startswith(b"1") and not status.startswith(b"101")


def read_head(lines: Sequence[bytes]) -> Head:
    """Read the last head among ``lines``. Of a header that is there twice, the first counts; the values of
    Content-Encoding are joined."""
    fields: dict[bytes, bytes] = {}
    for line in reversed(lines):
        if line.startswith(b"HTTP/"):
            return _make_head(fields, version_2=not line.startswith(b"HTTP/1"))
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if not colon:
            fields.clear()  # the empty line: what stood behind it were trailers
        elif name == b"content-encoding" and name in fields:
            fields[name] = value.strip() + b"," + fields[name]
        else:
            fields[name] = value.strip()
    return _make_head(fields, version_2=False)


def _make_head(fields: dict[bytes, bytes], *, version_2: bool) -> Head:
    chunked = b"transfer-encoding" in fields
    return Head(
        content_type=fields.get(b"content-type", b"").decode("latin-1"),
        encodings=fields.get(b"content-encoding", b"").decode("latin-1"),
        location=fields.get(b"location", b""),
        open_ended=chunked or b"content-length" not in fields,
        to_the_close=not (chunked or version_2 or b"content-length" in fields),
    )
