"""A TCP proxy on loopback that can be cut, to take a database away from those who use it through this."""

import contextlib
import socket
import threading

from tests.e2e.harness import free_port


class Proxy:
    def __init__(self, host, port):
        self.target, self.port = (host, port), free_port()
        self._open = threading.Event()
        self._pairs = set()
        self._lock = threading.Lock()
        self._listening = None

    def start(self):
        self._open.set()
        self._listening = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()
        return self

    def cut(self):
        """Refuse whoever comes, and reset whoever is connected."""
        self._open.clear()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for pair in pairs:
            _end(pair)

    stop = cut

    def restore(self):
        self.start()

    def _accept(self, listening):
        while self._open.is_set():
            try:
                near, _ = listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add((near, far))
            if not self._open.is_set():  # cut while it was being made
                _end((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            pass
        _end((source, sink))


def _end(pair):
    """Tell both sides, then close. Closing alone tells nobody while a thread waits for what comes: the server
    would keep the transaction, and its locks, for ever."""
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
