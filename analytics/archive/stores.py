"""Where the archive lies: a folder, or a bucket of S3. Writing needs ``s3:PutObject`` alone, which is all
that a function may; who reads needs ``s3:ListBucket`` and ``s3:GetObject``."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from core.storage import StorageError, connect_s3, make_storage_error, read_place, write_whole


class Store(Protocol):
    """Where objects are kept by name; a name may have slashes. Each failure raises ``StorageError``."""

    def put(self, name: str, body: bytes) -> None:
        """Write the whole object, in place of one with the same name. It is safe once this returns."""

    def names(self, start: str) -> Iterator[str]:
        """The names that begin with ``start`` (a folder), in order."""

    def get(self, name: str) -> bytes: ...


def open_archive() -> Store | None:
    """The store that ``ARCHIVE_URL`` names. None where nothing is archived."""
    return _open(settings.ARCHIVE_URL, settings.AWS_ENDPOINT_URL) if settings.ARCHIVE_URL else None


@lru_cache(maxsize=8)
def _open(url: str, endpoint: str) -> Store:
    place = read_place(url)
    if place.bucket:
        return BucketStore(place.bucket, place.prefix, region=place.region, endpoint=endpoint)
    return FolderStore(place.folder)


class FolderStore:
    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, name: str, body: bytes) -> None:
        path = self._root / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, body, durable=True)
        except OSError as error:
            raise StorageError(f"Cannot write to {self._root}: {error.strerror}.") from None

    def names(self, start: str) -> Iterator[str]:
        found = (self._root / start).rglob("*.jsonl.gz")
        yield from sorted(str(path.relative_to(self._root)) for path in found)

    def get(self, name: str) -> bytes:
        try:
            return (self._root / name).read_bytes()
        except OSError as error:
            raise StorageError(f"Cannot read from {self._root}: {error.strerror}.") from None


class BucketStore:
    def __init__(self, bucket: str, prefix: str, *, region: str = "", endpoint: str = "") -> None:
        self._bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._region, self._endpoint = region, endpoint
        self._connected: Any = None

    def put(self, name: str, body: bytes) -> None:
        self._call("put_object", Key=self._prefix + name, Body=body, ContentType="application/gzip")

    def names(self, start: str) -> Iterator[str]:
        after = ""
        while True:
            page = self._call("list_objects_v2", Prefix=self._prefix + start, StartAfter=after)
            keys = [row["Key"] for row in page.get("Contents", ())]
            yield from (key.removeprefix(self._prefix) for key in keys)
            if not page["IsTruncated"]:
                return
            after = keys[-1]

    def get(self, name: str) -> bytes:
        body: bytes = self._call("get_object", Key=self._prefix + name)["Body"].read()
        return body

    def _call(self, method: str, **parameters: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._connected is None:
                self._connected = connect_s3(region=self._region, endpoint=self._endpoint)
            return getattr(self._connected, method)(Bucket=self._bucket, **parameters)
        except (BotoCoreError, ClientError) as error:
            raise make_storage_error(error) from None
