"""The workbench's server until Ctrl-C: for `serve`, and for the demo with its own run in view."""

from __future__ import annotations

import os
import signal
import threading
import time
import webbrowser
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exitbrain.wiring.workbench import Workbench

HOST = "127.0.0.1"
FIRST_PORT = 8321
PORTS_TRIED = 20
ENDS_WITHIN = 10.0


def end_with_input() -> None:
    """This process ends when its standard input does: a pipe ends with the process that holds its other end, also one
    that was killed. As Ctrl-C does it; what takes longer than `ENDS_WITHIN` seconds is cut off."""

    def watch() -> None:
        while os.read(0, 1 << 10):  # nothing is ever said
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ENDS_WITHIN)
        os._exit(1)

    threading.Thread(target=watch, name="input", daemon=True).start()


def serve_workbench(
    host: str, port: int, home: str | None, workers: int, *, names: Iterable[str], remote: bool, browse: bool
) -> None:
    from exitbrain.wiring.workbench import Workbench

    with Workbench.open(home=home, workers=workers) as bench:
        serve(bench, host, port, names=names, remote=remote, browse=browse)


def serve(
    bench: Workbench,
    host: str = HOST,
    port: int = FIRST_PORT,
    *,
    path: str = "/",
    names: Iterable[str] = (),
    remote: bool = False,
    browse: bool = False,
    ports_tried: int = 1,
) -> None:
    from exitbrain.api.serving import access_of, application, listening, run_server

    access_of(bench, host, port, names, remote=remote)  # refuses before anything listens
    with listening(host, port, tried=ports_tried) as listener:
        taken = listener.getsockname()[1]
        access = access_of(bench, host, taken, names, remote=remote)
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{taken}{path}"

        def started() -> None:
            print(f"serving {url} (Ctrl-C ends)", flush=True)
            if browse:
                # In a thread: some browsers return only when they are closed.
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        try:
            run_server(application(bench, access), listener, started)
        except KeyboardInterrupt:
            print()
