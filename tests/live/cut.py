"""A relay before a PostgreSQL server that drops the line in the middle of a row: before the server hears of it, or after."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import sqlalchemy as sa


class Relay:
    """Listens in a folder as a server of its own. `cut` is "before" or "after": what happens to a row with a FlattenAsked."""

    def __init__(self, url: str, folder: Path) -> None:
        asked = sa.make_url(url)
        self.port = asked.port or 5432
        self.host = str(asked.query.get("host") or asked.host)
        self.cut = ""
        self._is_deaf = False
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / f".s.PGSQL.{self.port}"))
        self._listening.listen()
        self.url = asked.set(host=None).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self.host.startswith("/"):
                far = socket.socket(socket.AF_UNIX)
                far.connect(f"{self.host}/.s.PGSQL.{self.port}")
            else:
                far = socket.create_connection((self.host, self.port))
            threading.Thread(target=self._carry, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, False), daemon=True).start()

    def _carry(self, from_: socket.socket, to: socket.socket, is_request: bool) -> None:
        with contextlib.suppress(OSError):
            while part := from_.recv(65536):
                if is_request and self.cut and b"FlattenAsked" in part:
                    if self.cut == "before":
                        break
                    self._is_deaf = True
                if not is_request and self._is_deaf:  # the server has answered, so that it has done it
                    break
                to.sendall(part)
        for one in (from_, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listening.close()
