"""Which logos are accepted: small PNG, JPEG and WebP pictures. Pure.

SVG is refused: it can hold a script, and a browser that opens the file by itself would run that script.
"""

MAX_BYTES = 100_000
KINDS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def find_media_type(data: bytes) -> str | None:
    """The media type by the bytes of the picture, not by its name; None for other formats."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        return "image/png"
    if data.startswith(b"\xff\xd8\xff") and data.rstrip(b"\0").endswith(b"\xff\xd9"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def find_picture_fault(data: bytes) -> str | None:
    """What is wrong with the picture, as a sentence for the user; None for a picture that may be used."""
    if not data:
        return "The body is empty: send the picture's bytes."
    if len(data) > MAX_BYTES:
        return f"A logo has at most {MAX_BYTES:,} bytes; this one has {len(data):,}."
    if find_media_type(data) is None:
        return "A logo is a PNG, JPEG or WebP picture; these bytes are none."
    return None
