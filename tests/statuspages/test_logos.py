"""Which files are pictures."""

import pytest

from statuspages.logos import MAX_BYTES, find_media_type, find_picture_fault

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 40


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20 + b"\xff\xd9", "image/jpeg"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say(data, media_type):
    assert find_media_type(data) == media_type
    assert find_picture_fault(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a",
        b"\x89PNG",
        b"%PDF-1.7",
        PNG * 3000,
    ],
)
def test_what_is_none_of_these_or_too_big_is_refused(data):
    assert find_picture_fault(data)
    assert len(PNG * 3000) > MAX_BYTES
