"""The prompts: files of this package with a version and a hash, and the catalogue of features that code generates.

prompts = read_prompts()
prompts.version, prompts.sha256[:12]      # what the origin of every plan says
prompts.instructions("4h")                # what a model is told, whatever the market
prompts.question(style="trend", …)        # what is asked now
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template

from exitbrain.core.rules import RuleType
from exitbrain.features.catalogue import FAMILIES, Family

TOLD = ("system.md", "categories.md", "rules.md")
QUESTION, VERSION = "answer.md", "version.txt"
STYLES = ("trend", "mean_reversion", "breakout", "scalper", "conservative", "balanced", "momentum")


@dataclass(frozen=True, slots=True)
class Prompts:
    """Every file by its name below `prompts/`; the catalogue is one of them."""

    texts: Mapping[str, str]

    @property
    def version(self) -> str:
        return self.texts[VERSION].strip()

    @property
    def sha256(self) -> str:
        """Of all texts with their names, the generated catalogue included."""
        digest = hashlib.sha256()
        for name, text in sorted(self.texts.items()):
            digest.update(f"{name}\n{len(text)}\n{text}".encode())
        return digest.hexdigest()

    def instructions(self, higher: str) -> str:
        """What every conversation begins with; `higher` is the timeframe that examples name."""
        whole = "\n".join(self.texts[name] for name in TOLD)
        return Template(whole).substitute(higher=higher, catalogue=self.texts["catalogue"])

    def template(self, style: str) -> str:
        return self.texts[f"templates/{style}.yaml"]

    def question(self, *, style: str, timeframe: str, template: str, data: str) -> str:
        return Template(self.texts[QUESTION]).substitute(style=style, timeframe=timeframe, template=template, data=data)


@cache
def read_prompts() -> Prompts:
    folder = files("exitbrain.strategist").joinpath("prompts")
    names = [*TOLD, QUESTION, VERSION, *(f"templates/{style}.yaml" for style in STYLES)]
    texts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    return Prompts(texts | {"catalogue": catalogue_text()})


def catalogue_text() -> str:
    """A line a family of features, as a table by group."""
    lines = ["| feature | meaning | unit |", "|---|---|---|"]
    for family in FAMILIES.values():
        lines.append(f"| `{_pattern(family)}` | {family.meaning} | {_unit(family)} |")
    return "\n".join(lines)


def _pattern(family: Family) -> str:
    return family.name if family.implied is not None else family.pattern


def _unit(family: Family) -> str:
    return "word" if family.kind is RuleType.TEXT and family.unit != "word" else family.unit
