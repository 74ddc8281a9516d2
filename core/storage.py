"""What all storages share: how a setting names one (``file:///folder``, or
``s3://bucket/prefix?region=eu-central-1``), how to connect to a bucket, and the error when a storage
fails."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class StorageError(Exception):
    """The storage failed. The text is one sentence. It is worth trying again."""


@dataclass(frozen=True, slots=True)
class StorageLocation:
    """Where files are. ``bucket`` is empty for a folder of this machine."""

    folder: Path
    bucket: str = ""
    prefix: str = ""
    region: str = ""


def read_place(url: str) -> StorageLocation:
    parts = urlsplit(url)
    if parts.scheme == "s3":
        region = parse_qs(parts.query).get("region", [""])[0]
        return StorageLocation(Path(), parts.netloc, parts.path.strip("/"), region)
    return StorageLocation(Path(unquote(parts.path)))


def connect_s3(*, region: str, endpoint: str) -> Any:
    """A client that gives up within about 15 seconds. The import of ``boto3`` takes a while."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        region_name=region or None,
        endpoint_url=endpoint or None,
        config=Config(
            connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"}
        ),
    )


def make_storage_error(error: Exception) -> StorageError:
    return StorageError(f"The bucket did not take it: {' '.join(str(error).split())[:200]}")


def write_whole(path: Path, body: bytes, *, durable: bool = False) -> None:
    """Write a file so that readers see the old or the new content, never a part. ``durable``: it also
    survives a power cut."""
    draft = path.with_name(f".{path.name}.new")
    with draft.open("wb") as file:
        file.write(body)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    draft.replace(path)
    if durable:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
