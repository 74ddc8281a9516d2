"""Undoes Content-Encoding as browsers do, in bounded memory.

Words that name no compression (``utf-8``, ``none``, ``aws-chunked``) change nothing. gzip may have several
members, with zeros or anything else after them, and a wrong or missing checksum: browsers do not check it
either. Deflate may have zlib's wrapper or not.
"""

import zlib
from typing import Any, Protocol

MAX_LAYERS = 5
MAX_MEMBERS = 1_000
_CHUNK_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_HEADER_MAX_BYTES = 64 * 1024
_TRAILER_BYTES = 8


class Broken(Exception):
    """The body is not what Content-Encoding says."""


class _Layer(Protocol):
    """One compression."""

    ended: bool

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decompress ``data``, to at most ``limit`` bytes; what is beyond is lost. Raises ``Broken``."""


class Unpacker:
    """Undoes every layer of one body, the last one first. It raises nothing.

    ``broken``: the body is not what Content-Encoding says, and nothing more of it can be read.
    """

    def __init__(self, layers: "list[_Layer]", *, broken: bool = False) -> None:
        self._layers = layers
        self.broken = broken

    def feed(self, data: bytes, limit: int) -> bytes:
        """Decompress the next piece, to at most ``limit`` bytes."""
        if self.broken:
            return b""
        try:
            for layer in self._layers:
                data = layer.feed(data, limit)
        except Broken:
            self.broken = True
            return b""
        return data

    @property
    def cut_off(self) -> bool:
        """Whether the body is not complete yet. At the end of the answer, it was cut off."""
        return not all(layer.ended for layer in self._layers)


def make_unpacker(words: str) -> Unpacker | None:
    """The unpacker for the words of Content-Encoding, in their order; None if none of them names a
    compression."""
    named = [word.strip().lower() for word in words.split(",")]
    layers = [word for word in named if word in _LAYERS or word in _UNREADABLE]
    if not layers:
        return None
    if len(layers) > MAX_LAYERS or any(word in _UNREADABLE for word in layers):
        return Unpacker([], broken=True)
    return Unpacker([_LAYERS[word]() for word in reversed(layers)])


class _Deflate:
    """zlib's format (RFC 1950), or bare deflate (RFC 1951), which some servers send."""

    def __init__(self) -> None:
        self.ended = False
        self._seen = b""
        self._inflater: Any = None

    def feed(self, data: bytes, limit: int) -> bytes:
        if self.ended:
            return b""
        if self._inflater is None:
            data = self._seen = self._seen + data
            if len(data) < 2:
                return b""
            wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        made = _inflate(self._inflater, data, limit)
        self.ended = self._inflater.eof
        return made


class _Gzip:
    """gzip (RFC 1952), with its members one after another."""

    def __init__(self) -> None:
        self.ended = False
        self._members = 0
        self._inflater: Any = None
        self._waiting = b""
        self._skip = 0

    def feed(self, data: bytes, limit: int) -> bytes:
        made = []
        data = self._waiting + data
        self._waiting = b""
        while data and limit > 0:
            if self._skip:
                skipped = min(self._skip, len(data))
                self._skip, data = self._skip - skipped, data[skipped:]
            elif self._inflater is None:
                data = self._open_member(data)
            else:
                made.append(_inflate(self._inflater, data, limit))
                limit -= len(made[-1])
                data = self._close_member() if self._inflater.eof else b""
        return b"".join(made)

    def _open_member(self, data: bytes) -> bytes:
        if self._members and not _GZIP_MAGIC.startswith(data[:2]):
            return b""  # zeros, or whatever stands behind the last member
        length = _measure_gzip_header(data)
        if length is None:
            if len(data) > _GZIP_HEADER_MAX_BYTES:
                raise Broken
            self._waiting = data
            return b""
        self._inflater, self.ended = zlib.decompressobj(-zlib.MAX_WBITS), False
        return data[length:]

    def _close_member(self) -> bytes:
        rest: bytes = self._inflater.unused_data
        self._inflater, self.ended = None, True
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise Broken
        self._skip = _TRAILER_BYTES
        return rest


def _measure_gzip_header(data: bytes) -> int | None:
    """How long the header at the beginning of ``data`` is; None: there is more to come. Raises ``Broken``."""
    if not _GZIP_MAGIC.startswith(data[:2]) or data[2:3] not in (b"", b"\x08"):
        raise Broken
    if len(data) < 10:
        return None
    flags, place = data[3], 10
    if flags & 4:  # FEXTRA
        if len(data) < place + 2:
            return None
        place += 2 + int.from_bytes(data[place : place + 2], "little")
    for flag in (8, 16):  # FNAME, FCOMMENT
        if flags & flag:
            place = data.find(b"\0", place) + 1
            if not place:
                return None
    if flags & 2:  # FHCRC
        place += 2
    return place if len(data) >= place else None


class _Brotli:
    def __init__(self) -> None:
        import brotli  # few servers choose it, and those that do are asked again and again

        self.ended = False
        self._decoder = brotli.Decompressor()
        self._error = brotli.error

    def feed(self, data: bytes, limit: int) -> bytes:
        if self.ended:
            return b""
        made = []
        try:
            while limit > 0:
                made.append(self._decoder.process(data, output_buffer_limit=min(limit, _CHUNK_BYTES)))
                limit -= len(made[-1])
                data = b""
                if self._decoder.is_finished() or self._decoder.can_accept_more_data():
                    break
        except self._error:
            raise Broken from None
        self.ended = self._decoder.is_finished()
        return b"".join(made)


def _inflate(inflater: Any, data: bytes, limit: int) -> bytes:
    try:
        made: bytes = inflater.decompress(data, limit)
    except zlib.error:
        raise Broken from None
    return made


_LAYERS: dict[str, type[_Layer]] = {"gzip": _Gzip, "x-gzip": _Gzip, "deflate": _Deflate, "br": _Brotli}
ACCEPTED = "gzip, deflate, br"
_UNREADABLE = frozenset(("zstd", "compress", "x-compress", "dcb", "dcz", "pack200-gzip", "exi"))
"""Compressions that we cannot read and never ask for."""
