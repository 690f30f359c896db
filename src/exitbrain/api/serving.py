"""The server: a workbench, the application around it, its door, and a socket of this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from exitbrain.api.access import Access, hosts_of, is_loopback, loopback_hosts
from exitbrain.api.app import create_app
from exitbrain.api.guarding import Guarded
from exitbrain.api.pages import add_pages
from exitbrain.api.repeating import Repeatable
from exitbrain.api.tokens import read_tokens
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.wiring.experiments import Experiments

PORTS_TRIED = 20
ENDING_SECONDS = 3
MOST_CONNECTIONS = 256


def application(workbench: Any, access: Access, *, web: Path | None = None) -> Guarded:
    """The whole as one ASGI application."""
    app = create_app(
        workbench, experiments_runner=Experiments(workbench), remote=access.remote, secret=access.tokens.secret
    )
    add_pages(app, access, web)
    return Guarded(Repeatable(app, workbench), access, app.state.measures)


def access_of(workbench: Any, host: str, port: int, names: Iterable[str] = (), *, remote: bool = False) -> Access:
    """Who is heard at an address. InvalidInput where others could reach it and that was not asked for."""
    if not is_loopback(host) and not remote:
        accepted = "127.0.0.1, ::1 or localhost; or --allow-remote, and then every request needs a token"
        raise InvalidInput(Problem(found=f"--host {host} can be reached from other machines", accepted=accepted))
    own = () if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host,)
    hosts = loopback_hosts(port) | hosts_of((*own, *names), port)
    return Access(tokens=read_tokens(workbench.home.token_file), hosts=hosts, remote=not is_loopback(host))


def listening(host: str, port: int, *, tried: int = 1) -> socket.socket:
    """A socket on the first free port from `port`. Unavailable where there is none."""
    for number in range(port, port + tried):
        try:
            return _bound(host, number)
        except OSError as error:
            last = error
    which = f"port {port}" if tried == 1 else f"no port from {port} to {port + tried - 1}"
    reason = last.strerror or str(last)
    raise Unavailable(f"{which} of {host} can be had ({reason}); another can be given with --port")


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # Without SO_REUSEADDR: a port in use is one that another program answers on, which must not be taken over.
    made = socket.socket(family, kind, protocol)
    try:
        made.bind(address)
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made


def run_server(app: Guarded, listener: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Answers until Ctrl-C. `started` is called once requests are taken."""
    import uvicorn

    from exitbrain.api.punctual import Punctual

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=ENDING_SECONDS,
        lifespan="off",
        http=Punctual,
        ws="auto",
        limit_concurrency=MOST_CONNECTIONS,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            threading.Thread(target=_warm, daemon=True).start()
            started()

    Server(config).run(sockets=[listener])


def _warm() -> None:
    """Load what the first table and the first chart need, while the browser is still opening."""
    import polars  # noqa: F401

    from exitbrain.features.ta_lib import ta_lib

    ta_lib()
