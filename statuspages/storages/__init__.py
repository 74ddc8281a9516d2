"""Storages for published copies: a directory or an S3 bucket, as the setting ``PUBLISH_URL`` says."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from core.storage import StorageError, read_place
from statuspages.rendering.files import PageFile

__all__ = ["Storage", "StorageError", "open_storage"]


class Storage(Protocol):
    """``place`` is the folder of a page's copy. A storage never replaces a copy by an older version."""

    def write(self, place: str, files: Mapping[str, PageFile], *, version: int) -> bool:
        """Write the files, ``index.html`` last. False when this version or a newer one is there. Raises
        ``StorageError``."""

    def remove(self, place: str, *, version: int) -> bool:
        """Remove the files. False when this version or a newer one is there. Raises ``StorageError``."""

    def read(self, place: str, name: str) -> PageFile | None:
        """One file of the copy; None when it is not there or cannot be read."""


def open_storage() -> Storage:
    """The storage of ``PUBLISH_URL``. Raises ``StorageError`` when it cannot be opened."""
    return _open(settings.PUBLISH_URL, settings.AWS_ENDPOINT_URL)


@lru_cache(maxsize=8)
def _open(url: str, endpoint: str) -> Storage:
    place = read_place(url)
    if place.bucket:
        from statuspages.storages.s3 import S3Storage  # botocore takes a while to import

        return S3Storage(place.bucket, place.prefix, region=place.region, endpoint=endpoint)
    from statuspages.storages.directory import DirectoryStorage  # as above

    return DirectoryStorage(place.folder)
