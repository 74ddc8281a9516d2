"""Published copies in an S3 bucket (or a service with the same API), behind CloudFront or another cache.

Each object holds its version as metadata. It is written by a conditional PUT, which fails when the object was
changed since it was read (`If-Match`, `If-None-Match`,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). A removed copy leaves objects
without its content that keep the version, so that no older version is written again.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from core.storage import StorageError, connect_s3, make_storage_error
from statuspages.rendering.files import CACHE_CONTROL, PageFile

TRIES = 12
INDEX = "index.html"
GONE = b"<!doctype html><meta charset=utf-8><meta name=robots content=noindex><title>Gone</title>Gone."
_NO_CACHE = "no-cache"


class S3Storage:
    """Objects at ``<prefix>/<place>/<name>``. ``index.html`` is also written to ``<prefix>/<place>/``, for
    caches that have no default file for a folder."""

    def __init__(self, bucket: str, prefix: str, *, region: str = "", endpoint: str = "") -> None:
        self.bucket, self._prefix = bucket, f"{prefix}/" if prefix else ""
        self._client = connect_s3(region=region, endpoint=endpoint)

    def write(self, place: str, files: Mapping[str, PageFile], *, version: int) -> bool:
        """Write all files, ``index.html`` last, then remove files of older versions that are not among them.
        False when this version or a newer one is there."""
        kept = {name: file for name, file in files.items() if name != INDEX}
        for name, file in kept.items():
            if not self._put(place, name, file.body, file.media_type, version=version):
                return False
        index = files[INDEX]
        for name in (INDEX, ""):
            if not self._put(place, name, index.body, index.media_type, version=version):
                return False
        for name, size in self._list(place).items():
            if size and name not in {*files, ""}:
                self._put_gone(place, name, version=version)
        return True

    def remove(self, place: str, *, version: int) -> bool:
        """Remove the index first, so that no reader is led to files that are gone."""
        names = self._list(place)
        html = [name for name in ("", INDEX) if name in names]
        done = True
        for name in [*html, *(name for name in names if name not in html)]:
            done &= self._put_gone(place, name, version=version)
        return done

    def read(self, place: str, name: str) -> PageFile | None:
        try:
            found = self._client.get_object(Bucket=self.bucket, Key=self._key(place, name))
            if "gone" in found["Metadata"]:
                return None
            # A page holds its policy in its HTML; the policy's header is not stored.
            policy = "" if found["ContentType"].startswith("text/html") else "default-src 'none'"
            return PageFile(found["ContentType"], found["Body"].read(), policy)
        except (BotoCoreError, ClientError):
            return None

    def _list(self, place: str) -> dict[str, int]:
        """The size of each object of the copy in bytes, by its name. A removed file that is no HTML has 0."""
        start = self._key(place, "")
        found = self._call(self._client.list_objects_v2, Bucket=self.bucket, Prefix=start)
        return {row["Key"].removeprefix(start): row["Size"] for row in found.get("Contents", ())}

    def _put_gone(self, place: str, name: str, *, version: int) -> bool:
        """Replace one object by what a removed copy leaves of it. False when this version or a newer one is
        there."""
        body = GONE if not name or name.endswith(".html") else b""
        media_type = "text/html; charset=utf-8" if body else "text/plain; charset=utf-8"
        return self._put(place, name, body, media_type, version=version, gone=True)

    def _key(self, place: str, name: str) -> str:
        return f"{self._prefix}{place}/{name}"

    def _put(
        self, place: str, name: str, body: bytes, media_type: str, *, version: int, gone: bool = False
    ) -> bool:
        """Write one object. False when this version or a newer one is there. When another writer was faster,
        look again, at most ``TRIES`` times; then raise ``StorageError``."""
        key = self._key(place, name)
        for _ in range(TRIES):
            there = self._look(key)
            if there and int(there["Metadata"].get("version", 0)) >= version:
                return False
            condition = {"IfMatch": there["ETag"]} if there else {"IfNoneMatch": "*"}
            try:
                self._client.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=body,
                    ContentType=media_type,
                    CacheControl=_NO_CACHE if gone else CACHE_CONTROL,
                    Metadata={"version": str(version), **({"gone": "1"} if gone else {})},
                    **condition,
                )
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
                    continue
                raise make_storage_error(error) from None
            except BotoCoreError as error:
                raise make_storage_error(error) from None
            return True
        raise StorageError(f"Somebody else keeps writing {key}.")

    def _look(self, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise make_storage_error(error) from None
        except BotoCoreError as error:
            raise make_storage_error(error) from None

    def _call(self, method: Any, **parameters: Any) -> Any:
        try:
            return method(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise make_storage_error(error) from None
