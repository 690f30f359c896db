"""A line to the venue that can go dead without a word: connections stay open, and nothing comes through any more."""

from __future__ import annotations

import contextlib
import socket
import threading


class Line:
    """Relays to a port of this machine. While `is_dead` it swallows what comes; what it swallowed is lost."""

    def __init__(self, port: int) -> None:
        self.far_port = port
        self.is_dead = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.far_port))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, from_: socket.socket, to: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := from_.recv(65536):
                if not self.is_dead:
                    to.sendall(part)
        for one in (from_, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
