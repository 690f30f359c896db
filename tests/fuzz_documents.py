"""Thousands of broken plans, profiles, policies, configs, entries and fills through their readers.

    python tests/fuzz_documents.py --executions 200000 --seed 1

Each starts from a file that is right, as YAML, JSON or CSV, and is bent: bytes, words, values, keys, nesting, anchors.
A finding is an error other than those of `exitbrain.errors`, a problem of no or several lines, or an execution of more
than a second of processor time. Ends with the counts and exit status 1 where there is a finding.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import yaml

from exitbrain.candles import read_entries
from exitbrain.config.plans import load_plan
from exitbrain.config.policies import read_policy
from exitbrain.config.profiles import load_profiles
from exitbrain.config.settings import Settings, load_config
from exitbrain.errors import ExitBrainError, InvalidInput
from exitbrain.wiring.fills import fills_to_trade_sets

SLOW = 1.0

PLAN = {
    "plan_id": "p",
    "valid_until": "2024-06-01T00:00:00Z",
    "triggers": [
        {"id": "in", "symbol": "BTCUSDT", "direction": "long", "entry_rule": "close > ema_50 and rsi_14 < 70"},
        {"id": "out", "symbol": "*", "direction": "exit", "category": "risk_reduce", "exit_fraction": 0.5,
         "exit_rule": "unrealized_r > 1", "timeframe": "4h", "rearm": "once"},
    ],
    "sizing_rules": [{"symbol": "BTCUSDT", "mode": "risk", "value": 0.01}],
    "limits": {"cooldown_bars": 3},
}  # fmt: skip
PROFILES = {
    "profiles": [
        {
            "name": "x",
            "regime": "TREND",
            "tp_legs": [{"r_multiple": 1, "size_fraction": 0.5, "kind": "SOFT"}],
            "trailing": {"callback_pct": 0.02, "activation_r": 1, "tightening_curve": [[2, 0.01]]},
            "stop_moves": [{"after_leg": 1, "to": "breakeven", "fees": True}],
            "time_stop": {"duration": "PT4H"},
            "atr_trail": {"period": 14, "mult": 3},
        }
    ]
}
POLICY = {"name": "tight", "config": {"exits": {"time_stop_bars": 48}}, "profiles": PROFILES, "rewrite": "none"}
ENTRIES = [
    {"timestamp": "2024-01-01T00:00:00Z", "side": "long", "symbol": "B", "risk": "0.01", "stop_loss_pct": 2.5},
    {"timestamp": "2024-01-02T00:00:00Z", "side": "sell", "symbol": "B", "risk": 1, "stop_loss_pct": "3", "tag": "t"},
]
FILLS = [
    {"id": 1, "symbol": "BTCUSDT", "side": "buy", "qty": 1, "price": 100, "fee": 0.1, "timestamp": 1704067200000},
    {"id": 2, "symbol": "BTCUSDT", "side": "sell", "qty": 1, "price": 110, "fee": 0, "timestamp": "2024-01-02"},
]
KINDS: dict[str, tuple[object, Callable[[str], object]]] = {
    "plan": (PLAN, load_plan),
    "profiles": (PROFILES, load_profiles),
    "policy": (POLICY, read_policy),
    "config": (Settings().to_dict(), load_config),
    "entries": (ENTRIES, read_entries),
    "fills": (FILLS, fills_to_trade_sets),
}
SUFFIXES = {"entries": ("csv", "json"), "fills": ("csv", "json", "jsonl")}
SCALARS = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**400), 1e308, float("nan"), float("inf"), "", " ", "x", "1e999",
    "1" * 5_000, "2024-01-01T00:00:60Z", "2024-13-01", "+99:99", "on", "~", "\ud800", "\u0000", "\ufeff", "é", "\U0001f600",
    "'", '"', "{", "a: b", "*", "&a", "!!python/object:os.system", "<<", "\n\n", [], {}, [[]], [None], {"": 1},
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\t", b"\n", b"\r", b"'", b'"', b"{", b"}",
    b"[", b"]", b":", b"-", b",", b"#", b"&a ", b"*a", b"!!map ", b"!x ", b"<<: *a\n", b"---\n", b"...\n", b"%YAML 9.9\n",
    b"? ", b"| ", b"> ", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0x", b"1_0", b".inf", b".nan", b"null", b"=",
    b"9" * 5_000, b"[" * 200, b'{"a":' * 200, b"- " * 200, b"a: " * 50,
)  # fmt: skip


class Documents:
    """Files of a seed: their kind, suffix and bytes."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def next(self) -> tuple[str, str, bytes]:
        dice = self.dice
        kind = dice.choice(tuple(KINDS))
        content = json.loads(json.dumps(KINDS[kind][0]))
        for _ in range(dice.choice((0, 1, 1, 2))):
            content = self.bent(content)
        suffix = dice.choice(SUFFIXES.get(kind, ("yaml", "json", "txt")))
        raw = self.written(content, suffix)
        for _ in range(dice.choice((0, 0, 1, 2, 4))):
            raw = self.torn(raw)
        return kind, suffix, raw

    def bent(self, content: object) -> object:
        """One value exchanged, moved, repeated or renamed, somewhere inside."""
        dice = self.dice
        if dice.random() < 0.25 or not isinstance(content, dict | list) or not content:
            return self.odd(content)
        if isinstance(content, dict):
            key = dice.choice(list(content))
            if dice.random() < 0.15:
                return {(name + dice.choice("_ sX") if name == key else name): value for name, value in content.items()}
            return content | {key: self.bent(content[key])}
        place = dice.randrange(len(content))
        return [self.bent(value) if number == place else value for number, value in enumerate(content)]

    def odd(self, value: object) -> object:
        dice = self.dice
        if dice.random() < 0.8:
            return dice.choice(SCALARS)
        if dice.random() < 0.5:
            return [value] * dice.choice((0, 2, 300))
        for _ in range(dice.choice((1, 5, 63, 64, 65, 500))):
            value = {"a": value} if dice.random() < 0.5 else [value]
        return value

    def written(self, content: object, suffix: str) -> bytes:
        if suffix in ("csv", "jsonl") and isinstance(content, list) and all(isinstance(row, dict) for row in content):
            if suffix == "jsonl":
                return "\n".join(map(json.dumps, content)).encode()
            names = list(dict.fromkeys(name for row in content for name in row))
            rows = [names, *([str(row.get(name, "")) for name in names] for row in content)]
            return "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
        if suffix in ("yaml", "txt") and self.dice.random() < 0.7:
            try:
                return yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")
            except (yaml.YAMLError, ValueError, RecursionError):
                pass
        return json.dumps(content, ensure_ascii=self.dice.random() < 0.5, indent=self.dice.choice((None, 1))).encode(
            "utf-8", "surrogatepass"
        )

    def torn(self, raw: bytes) -> bytes:
        dice = self.dice
        at = dice.randrange(len(raw) + 1)
        end = at + dice.choice((0, 1, 2, 10, 100))
        match dice.randrange(5):
            case 0:
                return raw[:at] + raw[end:]
            case 1:
                return raw[:at] + dice.choice(PIECES) + raw[end:]
            case 2:
                return raw[:at] + raw[at:end] * dice.choice((2, 50)) + raw[end:]
            case 3:
                return raw[:at] + dice.randbytes(dice.choice((1, 3))) + raw[at:]
            case _:
                lines = raw.splitlines(keepends=True) or [b""]
                line = dice.choice(lines)
                return raw.replace(line, line * 2, 1)


def problem_of(kind: str, path: Path) -> tuple[bool, str | None]:
    """Whether the file was read, and what is wrong with how it was taken."""
    try:
        KINDS[kind][1](str(path))
    except ExitBrainError as error:
        problems = error.problems if isinstance(error, InvalidInput) else (str(error),)
        lines = [str(problem) for problem in problems]
        if not lines or any(not line.strip() or len(line.splitlines()) != 1 for line in lines):
            return False, f"lines {lines!r}"
        if sum(map(len, lines)) > 1_000_000:
            return False, f"{sum(map(len, lines))} characters of problems"
        return False, None
    except Exception:
        return False, " | ".join(line.strip() for line in traceback.format_exc().strip().splitlines()[-3:])
    return True, None


def campaign(executions: int, seed: int, folder: Path) -> dict[str, list[int]]:
    """A row a kind: files, files read, findings."""
    counts: dict[str, list[int]] = {kind: [0, 0, 0] for kind in KINDS}
    slowest = 0.0
    for number in range(executions):
        # Each file has a seed of its own, so that a finding can be made again alone.
        kind, suffix, raw = Documents(seed * 1_000_003 + number).next()
        path = folder / f"file.{suffix}"
        path.write_bytes(raw)
        began = time.process_time()
        was_read, problem = problem_of(kind, path)
        took = time.process_time() - began
        slowest = max(slowest, took)
        if took > SLOW and problem is None:
            problem = f"{took:.1f} s"
        counts[kind][0] += 1
        counts[kind][1] += was_read
        if problem is not None:
            counts[kind][2] += 1
            print(f"seed {seed} file {number}: {kind} {suffix} {raw[:120]!r}: {problem[:600]}", flush=True)
    print(f"slowest {slowest:.2f} s", flush=True)
    return counts


def main() -> int:
    asked = argparse.ArgumentParser(description="Read broken files of every kind.")
    asked.add_argument("--executions", type=int, default=20_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        counts = campaign(given.executions, given.seed, Path(folder))
    for kind, (files, were_read, findings) in counts.items():
        print(f"{kind}: {files} files, {were_read} read, {files - were_read} refused, {findings} findings")
    findings = sum(row[2] for row in counts.values())
    print(f"{given.executions} executions: {findings} findings, {time.perf_counter() - began:.0f} s")
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
