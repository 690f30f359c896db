"""Recorded answers for every situation: the symbol that a recording names SYMBOL is that of the situation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exitbrain.strategist.asking import recorded_plans

OURS = Path(__file__).parent / "recordings"
PLACEHOLDER = '"SYMBOL"'


def recordings(folder: Path) -> dict[str, str]:
    """The text of each recording by its name."""
    found = {file.stem: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.json"))}
    for text in found.values():
        recorded_plans(json.loads(text))
    return found


def for_symbol(text: str, symbol: str) -> Mapping[str, Any]:
    return dict(json.loads(text.replace(PLACEHOLDER, json.dumps(symbol))))
