"""One page on the loopback address, until Ctrl-C. Nothing else of the disk can be asked for."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from exitbrain.errors import Unavailable

HOST = "127.0.0.1"
FIRST_PORT = 8321
PORTS_TRIED = 20
NAMES = (HOST, "localhost")


def serve_page(page: Path) -> None:
    with page_server(page) as server:
        print(f"serving http://{HOST}:{server.server_port}/ (Ctrl-C ends)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def page_server(page: Path) -> ThreadingHTTPServer:
    """On the first free port from 8321."""
    for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
        try:
            return _Server((HOST, port), _answering(page))
        except OSError:
            continue
    raise Unavailable(f"no free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1}; open {page} instead")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A port in use is one that another program answers on: it must not be taken over.
    allow_reuse_address = False


def _answering(page: Path) -> type[BaseHTTPRequestHandler]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self._asked()
            if body is not None:
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self._asked()

        def _asked(self) -> bytes | None:
            # A page of another site may point its own name at this address; it is not answered.
            if self.headers.get("Host", "").rpartition(":")[0] not in NAMES:
                return self.send_error(421)
            if self.path.partition("?")[0] not in ("/", f"/{page.name}"):
                return self.send_error(404)
            try:
                body = page.read_bytes()
            except OSError:
                return self.send_error(404)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            return body

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Answer
