"""`exitbrain venue-sim`: bad input is told, and a bot finds it by what it prints."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from exitbrain.cli import main

ROWS = "timestamp,open,high,low,close,volume\n" + "".join(
    f"2024-01-01T00:{minute:02}:00Z,100,101.5,99,100.5,10\n" for minute in range(30)
)


@pytest.fixture
def candles(tmp_path: Path) -> Path:
    path = tmp_path / "BTCUSDT_1m.csv"
    path.write_text(ROWS)
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--balance", "-5"], "--balance is -5; accepted: an amount above 0"),
        (["--balance", "much"], "--balance"),
        (["--fault", "lost_ack"], "--fault lost_ack; accepted: a name and a probability"),
        (["--fault", "lost_ack=2"], "fault lost_ack is 2; accepted: a number from 0 to 1"),
        (["--fault", "lost_ak=0.1"], "unknown fault 'lost_ak'; accepted: rate_limit"),
        (["--funding-rate", "5"], "--funding-rate is 5"),
        (["--history", "30"], "history of 30 bars, and 30 in the candles; accepted: 0 to 29"),
        (["--host", "0.0.0.0"], "can be reached from other machines"),
        (["--speed", "-1"], "--speed"),
        (["--api-key", ""], "--api-key"),
    ],
)
def test_bad_options_are_told(candles: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venue-sim", "--candles", str(candles), *options]) == 2
    told = capsys.readouterr().err
    assert said in told and "Traceback" not in told


def test_a_missing_or_broken_file_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["venue-sim", "--candles", str(tmp_path / "none.csv")]) == 2
    broken = tmp_path / "BTCUSDT_1m.csv"
    broken.write_text(ROWS.replace("101.5", "1.5", 1))
    assert main(["venue-sim", "--candles", str(broken)]) == 2
    assert "BTCUSDT_1m.csv" in capsys.readouterr().err


def test_it_says_where_it_listens_and_ends_on_an_interrupt(candles: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "exitbrain.cli", "venue-sim", "--candles", str(candles), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line.startswith("REST"):
                    break
            (url,) = re.findall(r"http://\S+/fapi", "".join(lines))
            with urllib.request.urlopen(f"{url}/v1/ping", timeout=10) as answer:
                assert answer.read() == b"{}"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) in (0, 130)
