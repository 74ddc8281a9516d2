"""Where copies lie: a directory, or a bucket of S3. The setting ``PUBLISH_URL`` says which."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from django.conf import settings

from core.storage import StorageError, read_place
from statuspages.rendering.files import PageFile

__all__ = ["Storage", "StorageError", "open_storage"]


class Storage(Protocol):
    """``place`` is a page's folder. Nothing older than what lies there is ever written over it."""

    def write(self, place: str, files: Mapping[str, PageFile], *, version: int) -> bool:
        """Write the files, ``index.html`` last; False when something newer lies there."""

    def remove(self, place: str, *, version: int) -> bool:
        """Take the files away; False when something newer lies there."""

    def read(self, place: str, name: str) -> PageFile | None:
        """One file as it lies there."""


def open_storage() -> Storage:
    """The one of ``PUBLISH_URL``. Raises ``StorageError`` for one that cannot be opened."""
    return _open(settings.PUBLISH_URL, settings.AWS_ENDPOINT_URL)


@lru_cache(maxsize=8)
def _open(url: str, endpoint: str) -> Storage:
    place = read_place(url)
    if place.bucket:
        from statuspages.storages.s3 import S3Storage  # botocore takes a while to import

        return S3Storage(place.bucket, place.prefix, region=place.region, endpoint=endpoint)
    from statuspages.storages.directory import DirectoryStorage  # as above

    return DirectoryStorage(place.folder)
