"""A bucket on loopback that speaks as much of S3 as publishing needs: conditional PUT, HEAD, GET, list."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class Bucket:
    """``objects``: key → (etag, headers, body). ``before_put(key)`` runs before each PUT is judged; ``fail``:
    the status that every request gets instead."""

    def __init__(self):
        self.objects, self.puts, self.fail, self.url = {}, [], None, ""
        self.before_put = lambda key: None
        self._lock = threading.Lock()

    def put(self, key, body, headers):
        """200, or 412 where the condition does not hold, as S3 says."""
        with self._lock:
            there = self.objects.get(key)
            if headers.get("If-None-Match") == "*" and there:
                return 412, ""
            if (wanted := headers.get("If-Match")) and (there is None or there[0] != wanted):
                return 412 if there else 404, ""
            etag = f'"{hashlib.sha256(body + repr(sorted(headers.items())).encode()).hexdigest()[:32]}"'
            kept = {
                name: value
                for name, value in headers.items()
                if name.lower() in {"content-type", "cache-control"} or name.lower().startswith("x-amz-meta-")
            }
            self.objects[key] = (etag, kept, body)
            self.puts.append(key)
            return 200, etag

    def header(self, key, name):
        return {k.lower(): v for k, v in self.objects[key][1].items()}.get(name)


@contextmanager
def serve_bucket():
    bucket = Bucket()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "aws-chunked":
                body = _unchunk(body)
            key = self._key()
            bucket.before_put(key)
            code, etag = (bucket.fail, "") if bucket.fail else bucket.put(key, body, dict(self.headers))
            self._answer(code, headers={"ETag": etag} if etag else {})

        def do_HEAD(self):
            self._find()

        def do_GET(self):
            if "list-type" in urlsplit(self.path).query:
                prefix = parse_qs(urlsplit(self.path).query)["prefix"][0]
                rows = "".join(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(there[2])}</Size></Contents>"
                    for key, there in sorted(bucket.objects.items())
                    if key.startswith(prefix)
                )
                self._answer(200, f"<ListBucketResult>{rows}</ListBucketResult>".encode())
            else:
                self._find()

        def _find(self):
            there = bucket.objects.get(self._key())
            if bucket.fail or there is None:
                self._answer(bucket.fail or 404)
            else:
                self._answer(200, there[2], {"ETag": there[0], **there[1]})

        def _key(self):
            return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

        def _answer(self, code, body=b"", headers=None):
            self.send_response(code)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bucket.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()


def _unchunk(body):
    """The content of aws-chunked coding, trailers left out."""
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        content, body = content + rest[:length], rest[length + 2 :]
    return content
