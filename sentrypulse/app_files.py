"""The operator's app, as it was built into `APP_DIR`: which file an address is, and with which headers."""

import re
from functools import lru_cache
from pathlib import Path
from typing import cast
from wsgiref.headers import Headers

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ASK_EACH_TIME = "public, no-cache"
A_DAY = "public, max-age=86400"
HASHED = "/_next/static/"
_NUMBER = re.compile(r"/[0-9]+(?=/|$)")
_PAGES = (".html", ".json", ".txt")


class AppFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # it comes without types
    """Static files, and the app's pages among them.

    The app is exported without numbers: `/monitors/7/edit` is `monitors/_/edit/index.html`. CloudFront finds
    it by the same rule (`SiteRouting` in `infra/frontend.yaml`).
    """

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        find = self.find_file if self.autorefresh else self.files.get
        path = _NUMBER.sub("/_", request.path_info)
        # Part of a packed file is of no use with part of an unpacked one, and WhiteNoise tells them apart by
        # nothing (no If-Range, one ETag for both). They are small: whoever asks for a part gets all.
        request.META.pop("HTTP_RANGE", None)
        for url in (path, f"{path}/"):
            file = find(url)
            if isinstance(file, StaticFile):
                return cast(HttpResponseBase, self.serve(file, request))
        return cast(HttpResponseBase, self.get_response(request))

    def immutable_file_test(self, path: str, url: str) -> bool:
        return url.startswith(HASHED) or super().immutable_file_test(path, url)

    def add_cache_headers(self, headers: Headers, path: str, url: str) -> None:
        """The same headers as ``infra/site.py`` gives the files in the bucket; pages get their policy,
        too."""
        if url.startswith((self.static_prefix, HASHED)):
            super().add_cache_headers(headers, path, url)
        elif path.endswith(_PAGES):
            headers["Cache-Control"] = ASK_EACH_TIME
            headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        else:
            headers["Cache-Control"] = A_DAY


def answer_with_page(name: str, *, status: int) -> HttpResponse | None:
    """A page of the app at an address that is not its own; None where no app is built."""
    page = _read_page(Path(settings.APP_DIR) / name)
    if page is None:
        return None
    return HttpResponse(
        page,
        status=status,
        headers={"Cache-Control": "no-store", "Content-Security-Policy": CONTENT_SECURITY_POLICY},
    )


def is_app_here() -> bool:
    """Is there a built app in ``APP_DIR``?"""
    return _read_page(Path(settings.APP_DIR) / "index.html") is not None


@lru_cache(maxsize=4)
def _read_page(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
