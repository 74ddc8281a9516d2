import gzip
import io
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.unpacking import make_unpacker

TEXT = b"all healthy, " * 50
LIMIT = 1024 * 1024 + 1


def unpack(words: str, data: bytes, step: int = 16_384) -> tuple[bytes, bool, bool]:
    unpacker = make_unpacker(words)
    assert unpacker is not None
    made = b"".join(unpacker.feed(data[at : at + step], LIMIT) for at in range(0, len(data), step))
    return made, unpacker.broken, unpacker.cut_off


def named_gzip() -> bytes:
    file = io.BytesIO()
    with gzip.GzipFile("index.html", "wb", 9, file, mtime=0) as packed:
        packed.write(TEXT)
    return file.getvalue()


def raw_deflate() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(TEXT) + packer.flush()


GZIP = gzip.compress(TEXT, mtime=0)
EXTRA = GZIP[:3] + bytes([4 | 8 | 16 | 2]) + GZIP[4:10] + b"\x04\0abcdname\0comment\0\1\2" + GZIP[10:]


@pytest.mark.parametrize("step", [1, 3, 16_384])
@pytest.mark.parametrize(
    ("words", "data", "times"),
    [
        ("gzip", GZIP, 1),
        ("GZip", GZIP, 1),
        ("x-gzip", GZIP, 1),
        ("gzip", GZIP + GZIP, 2),
        ("gzip", GZIP + b"\0" * 500, 1),
        ("gzip", GZIP + b"\r\n", 1),
        ("gzip", GZIP[:-8], 1),  # without its checksum
        ("gzip", GZIP[:-8] + b"\0" * 8, 1),  # with a wrong one
        ("gzip", named_gzip(), 1),
        ("gzip", EXTRA, 1),
        ("deflate", zlib.compress(TEXT), 1),
        ("deflate", raw_deflate(), 1),
        ("br", brotli.compress(TEXT), 1),
        ("aws-chunked, gzip", GZIP, 1),
        ("gzip, identity", GZIP, 1),
        ("gzip, br", brotli.compress(GZIP), 1),
    ],
)
def test_what_browsers_read_is_read_in_pieces_of_any_size(words, data, times, step):
    assert unpack(words, data, step) == (TEXT * times, False, False)


@pytest.mark.parametrize(
    "words", ["", "identity", "none", "utf-8", "UTF-8", "aws-chunked", "text/html", ", ,"]
)
def test_a_word_that_is_no_compression_changes_nothing(words):
    assert make_unpacker(words) is None


@pytest.mark.parametrize(
    ("words", "data"),
    [
        ("gzip", b"plain text"),
        ("gzip", GZIP[:30] + b"\xff" * 30),
        ("deflate", b"plain text"),
        ("br", b"plain text"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        (", ".join(["gzip"] * 6), GZIP),
    ],
)
def test_what_is_not_what_it_says_is_broken_or_has_no_end(words, data):
    _, broken, cut_off = unpack(words, data)
    assert broken or cut_off


@pytest.mark.parametrize(
    ("words", "data"), [("gzip", GZIP), ("deflate", raw_deflate()), ("br", brotli.compress(TEXT))]
)
def test_what_breaks_off_is_told(words, data):
    made, broken, cut_off = unpack(words, data[: len(data) * 2 // 3])
    assert (broken, cut_off) == (False, True)
    assert TEXT.startswith(made)


@pytest.mark.parametrize(
    ("words", "bomb"),
    [
        ("gzip", gzip.compress(b"\0" * 50_000_000, mtime=0)),
        ("br", brotli.compress(b"\0" * 50_000_000, quality=1)),
    ],
)
def test_a_bomb_makes_no_more_than_is_asked_for(words, bomb):
    unpacker = make_unpacker(words)
    assert unpacker is not None
    assert LIMIT <= len(unpacker.feed(bomb, LIMIT)) < LIMIT + 128 * 1024


def test_thousands_of_empty_members_are_broken():
    assert unpack("gzip", gzip.compress(b"") * 5_000)[:2] == (b"", True)


@given(st.sampled_from(["gzip", "deflate", "br", "gzip, br", "zstd, gzip"]), st.binary(max_size=200))
def test_nothing_raises(words, data):
    unpack(words, data, 7)
    unpack(words, GZIP[:12] + data)
