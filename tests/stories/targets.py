"""A target that answers when it is told to."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SlowTarget:
    """Holds every request until ``let_go``; then, and for whoever comes later, it answers at once."""

    def __init__(self):
        target = self
        self.asked, self._gone = 0, threading.Event()
        self._lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                with target._lock:
                    target.asked += 1
                target._gone.wait(30)
                try:
                    self.send_response(200)
                    self.send_header("Content-Length", "3")
                    self.end_headers()
                    self.wfile.write(b"ok\n")
                except OSError:
                    pass  # whoever asked was killed

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 100

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def let_go(self):
        self._gone.set()

    def stop(self):
        self.let_go()
        self.server.shutdown()
        self.server.server_close()
