"""Uploads a built static site to its bucket: first new files, then pages, and last deletes old files. So a
visitor never meets a page whose files are missing."""

import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from time import time, time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

Report = Callable[[str], None]

FOR_EVER = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "public, no-cache"
A_DAY = "public, max-age=86400"
_HASHED = re.compile(r"(^|/)_next/static/|[.-][0-9a-f]{8,}\.\w+$")
_PACKED = (".br", ".gz")  # for our own web server; CloudFront packs by itself
_OF_A_BUILD = "_next/static/"
KEEP_S = 7 * 86_400
_PAGES = (".html", ".json", ".txt", ".xml", ".webmanifest")
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("application/manifest+json", ".webmanifest")
mimetypes.add_type("font/woff2", ".woff2")


class NoSite(Exception):
    """There is nothing to upload. The text says what to build."""


@dataclass(frozen=True, slots=True)
class SiteFile:
    key: str
    path: Path

    @property
    def cache_control(self) -> str:
        """A file with a hash in its name never changes. Browsers ask for a page each time."""
        if _HASHED.search(self.key):
            return FOR_EVER
        return ASK_EACH_TIME if self.key.endswith(_PAGES) else A_DAY

    @property
    def content_type(self) -> str:
        kind = mimetypes.guess_type(self.key)[0] or "application/octet-stream"
        return (
            f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith(("json", "xml")) else kind
        )


@dataclass(frozen=True, slots=True)
class StoredFile:
    key: str
    md5: str
    """As S3 keeps it of an object put in one piece."""
    age_s: float

    @property
    def may_be_asked_for(self) -> bool:
        return self.key.startswith(_OF_A_BUILD) and self.age_s < KEEP_S


@dataclass(frozen=True, slots=True)
class Synced:
    uploaded: int
    unchanged: int
    deleted: int


def find_files(folder: Path) -> list[SiteFile]:
    """The files, in the order of their upload. Raises ``NoSite``."""
    if not (folder / "index.html").is_file():
        raise NoSite(
            f"{folder} holds no index.html: build the site first (npm run build), or name its folder."
        )
    files = [
        SiteFile(path.relative_to(folder).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in _PACKED and not path.name.startswith(".")
    ]
    return sorted(files, key=lambda file: (file.key.endswith(_PAGES), file.key == "index.html"))


def sync(s3: "S3Client", bucket: str, folder: Path, *, report: Report) -> Synced:
    """Make the bucket hold what the folder holds. Running it again uploads nothing.

    Scripts of former builds stay for a week, because tabs that were opened before still ask for them.
    """
    files = find_files(folder)
    there = {one.key: one for one in _list_objects(s3, bucket)}
    uploaded = 0
    for file in files:
        body = file.path.read_bytes()
        if file.key in there and there[file.key].md5 == md5(body, usedforsecurity=False).hexdigest():
            continue
        s3.put_object(
            Bucket=bucket,
            Key=file.key,
            Body=body,
            ContentType=file.content_type,
            CacheControl=file.cache_control,
        )
        uploaded += 1
        report(f"  {file.key} ({file.cache_control})")
    here = {file.key for file in files}
    gone = sorted(one.key for one in there.values() if one.key not in here and not one.may_be_asked_for)
    _delete_objects(s3, bucket, gone)
    return Synced(uploaded, len(files) - uploaded, len(gone))


def invalidate(cloudfront: "CloudFrontClient", distribution: str) -> str:
    """Let CloudFront's caches forget everything. Returns the id of the invalidation."""
    made = cloudfront.create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": str(time_ns())},
    )
    return made["Invalidation"]["Id"]


def empty(s3: "S3Client", bucket: str) -> int:
    """Delete every object and all its versions. Returns how many there were."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    count = 0
    for page in pages:
        found = [
            {"Key": one["Key"], "VersionId": one["VersionId"]}
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        if found:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})  # type: ignore[typeddict-item]
        count += len(found)
    return count


def _list_objects(s3: "S3Client", bucket: str) -> Iterator[StoredFile]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            yield StoredFile(one["Key"], one["ETag"].strip('"'), time() - one["LastModified"].timestamp())


def _delete_objects(s3: "S3Client", bucket: str, keys: list[str]) -> None:
    for start in range(0, len(keys), 1000):
        s3.delete_objects(
            Bucket=bucket,
            Delete={"Objects": [{"Key": key} for key in keys[start : start + 1000]], "Quiet": True},
        )
