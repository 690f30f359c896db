"""The parts of the pages that come from code: written between their marks, or checked with --check.

    <!-- generated: NAME -->
    ...
    <!-- end of generated -->

Run `python docs/generate.py` after a change to the command line, the config, a schema, a guard or a docstring, and
`python docs/generate.py --sessions` after a change to what a command prints: it runs the console blocks again. Blocks
in which `...` stands for some lines are left as they are; the suite holds all of them.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = (*sorted((ROOT / "docs").rglob("*.md")), ROOT / "ARCHITECTURE.md")
OPENAPI = ROOT / "docs" / "openapi.json"
BLOCK = re.compile(r"<!-- generated: ([\w-]+) -->\n.*?<!-- end of generated -->", re.DOTALL)
TITLED = re.compile(r"^```\w+ title=\"([^\"]+)\"\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SESSION = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# The clauses that docstrings name are for those who change the code.
CLAUSE = re.compile(r"\s*\((?:spec )[^)]*\)|'s reasons of spec D5|,? ?\bspec [A-Z]\d+\b")
NUMBER_AS_TEXT = "^[-+]?"
LONGEST_DEFAULT = 40
MADE_BY_US = ("Result", "Comparison")  # nobody calls its constructor
INSIDE = ("booked", "set_columns", "leg_columns", "equity_columns", "report_payload")  # columns between our own rooms
SITUATIONS = (
    ("emergency_exit_preempts_entry", "An emergency exit won over an entry."),
    ("emergency_exit_preempts_exit", "An emergency exit won over another exit."),
    ("risk_off_preempts_entry", "A risk_off exit won over an entry."),
    ("risk_off_preempts_exit", "A risk_off exit won over an exit below it."),
    ("risk_reduce_preempts_entry", "A risk_reduce exit won over an entry."),
    ("risk_reduce_preempts_exit", "A risk_reduce exit won over a normal exit."),
    ("exit_preempts_entry", "A normal exit, or a time stop, won over an entry."),
    ("entry_overrides_risk_off", "A highly graded entry won over a risk_off exit."),
    ("entry_overrides_risk_reduce", "A highly graded entry won over a risk_reduce exit."),
    ("entry_overrides_exit", "A highly graded entry won over a normal exit."),
    ("outranked_by_peer", "Another of the same kind won."),
)
REFUSALS = (
    ("expired_plan", "The strategy plan is past `valid_until`; it makes no entries any more."),
    ("stale_data", "Too many bars are missing before this one (`stale_after_bars`)."),
    ("same_bar_veto", "The position was opened in this very bar (`same_bar_veto`)."),
    ("min_hold", "The position is younger than `min_hold_bars`."),
    ("hold_rule", "The trigger's own hold rule is true."),
    ("spread", "The spread is above `max_spread_bps`."),
    ("liquidity", "The bar's quote volume is below `min_liquidity`."),
    ("min_trade", "The order is smaller than a lot or the venue's minima (`min_trade`)."),
    ("daily_loss", "The day has lost `max_daily_loss_pct` of equity."),
    ("cooldown", "The last close of this symbol is less than `cooldown_bars` ago."),
    ("daily_count", "`max_entries_per_day` sets were opened today."),
    ("allow_list", "Not among `allowed_symbols`, `allowed_directions` or `allowed_categories`."),
    ("budget", "The risk opened today has used up `daily_risk_budget_pct`."),
    ("max_adds", "The position was added to `max_adds` times."),
    ("opposite_ignored", "A position of the other side is open, and `on_opposite` is ignore."),
    (
        "risk_cap",
        "`max_position_risk_pct`, `max_symbol_exposure_pct` or `max_portfolio_exposure_pct` leaves nothing of the order.",
    ),
    ("invalid_stop", "The stop would be at or beyond the fill."),
)


def main(arguments: list[str]) -> int:
    stale = [page for page in PAGES if page.exists() and page.read_text(encoding="utf-8") != current(page)]
    if not OPENAPI.exists() or OPENAPI.read_text(encoding="utf-8") != openapi_text():
        stale.append(OPENAPI)
    if "--check" in arguments:
        for page in stale:
            print(f"{page.relative_to(ROOT)} is not current: run `python docs/generate.py`")
        return 1 if stale else 0
    for page in stale:
        page.write_text(openapi_text() if page is OPENAPI else current(page), encoding="utf-8")
        print(f"wrote {page.relative_to(ROOT)}")
    if "--sessions" in arguments:
        for page in (*PAGES, ROOT / "README.md"):
            rerun(page)
    return 0


def rerun(page: Path) -> None:
    """Run the console blocks of a page in a folder that holds its titled blocks, and write what they print."""
    before = page.read_text(encoding="utf-8")
    with TemporaryDirectory() as folder:
        for title, text in TITLED.findall(before):
            (Path(folder) / title).write_text(text, encoding="utf-8")

        def session(match: re.Match[str]) -> str:
            commands = [line for line in match[1].splitlines() if line.startswith("$ ")]
            shown = [[command, *printed(command, folder)] for command in commands]
            if "..." in match[1] or match[1].count("\n") == len(commands):
                return match[0]
            return "```console\n" + "\n\n".join("\n".join(lines) for lines in shown) + "\n```"

        after = SESSION.sub(session, before)
    if after != before:
        page.write_text(after, encoding="utf-8")
        print(f"wrote {page.relative_to(ROOT)}")


def printed(command: str, folder: str) -> list[str]:
    program = [sys.executable, "-c", "from exitbrain.cli import main; main()"]
    run = subprocess.run(
        [*program, *shlex.split(command)[2:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )
    return [line.rstrip() for line in (run.stdout + run.stderr).rstrip().splitlines()]


def current(page: Path) -> str:
    """The page with its generated parts as the code says them now."""

    def block(match: re.Match[str]) -> str:
        text = "\n".join(BLOCKS[match[1]]()).rstrip()
        return f"<!-- generated: {match[1]} -->\n{text}\n<!-- end of generated -->"

    return BLOCK.sub(block, page.read_text(encoding="utf-8"))


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    heads = list(heads)
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |"


def code(text: object) -> str:
    return f"`{text}`"


def told(docstring: str | None) -> str:
    return CLAUSE.sub("", inspect.cleandoc(docstring or "")).strip()


# rules


def guards() -> Iterator[str]:
    from exitbrain.core.guardrails import GUARDS
    from exitbrain.core.intents import Kind

    kinds = list(Kind)
    rows = ([code(name), *("yes" if kind in asked else "–" for kind in kinds)] for name, (_, asked) in GUARDS.items())
    yield from table(["guard", *(kind.value for kind in kinds)], rows)


def ranks() -> Iterator[str]:
    from exitbrain.core.arbiter import RANKS

    yield from (f"{place}. {rank}" for place, rank in enumerate(RANKS))


def default_profiles() -> Iterator[str]:
    from exitbrain.core import profiles

    names = [name for name in vars(profiles) if name.startswith("DEFAULT_") and name.endswith("_PROFILE")]
    defaults = [getattr(profiles, name) for name in names]
    yield from table(
        ("profile", "take-profit legs", "trail", "from", "tightens"),
        (
            (
                code(one.name),
                " · ".join(f"{leg.r_multiple:g}R {leg.size_fraction:.0%} {leg.kind}" for leg in one.tp_legs),
                *_trail(one.trailing),
            )
            for one in defaults
        ),
    )


def _trail(trailing: Any) -> tuple[str, str, str]:
    if trailing is None:
        return "none", "", ""
    curve = ", ".join(f"{callback * 100:g}% at {r:g}R" for r, callback in trailing.tightening_curve)
    return f"{trailing.callback_pct * 100:g}%", f"{trailing.activation_r:g}R", curve or "no"


def lost_events() -> Iterator[str]:
    yield from table(("reason", "what happened"), ((code(name), text) for name, text in SITUATIONS))


def refusal_events() -> Iterator[str]:
    yield from table(("reason", "why"), ((code(name), text) for name, text in REFUSALS))


def functions() -> Iterator[str]:
    from exitbrain.core.rules import FUNCTIONS

    yield from table(("function", "what it is"), ((code(one.usage), one.meaning) for one in FUNCTIONS.values()))


def features() -> Iterator[str]:
    from exitbrain.features.catalogue import FAMILIES

    groups: dict[str, list[Any]] = {}
    for family in FAMILIES.values():
        groups.setdefault(family.group, []).append(family)
    for group, families in groups.items():
        yield from (f"### {group}", "")
        rows = [(code(one.pattern), one.meaning, one.unit, _warm_up(one)) for one in families]
        yield from table(("feature", "what it is", "unit", "bars of warm-up"), rows)
        yield ""


def _warm_up(family: Any) -> str:
    usual = family.usual[0]
    bars = family.warm_up(*(usual or family.implied or ()))
    return f"{code(family.written(usual))}: {bars}" if bars else ""


# files


def config_keys() -> Iterator[str]:
    schema = _schema("config")
    for name, part in schema["properties"].items():
        target = _target(part, schema)
        if target is None:
            yield from ("", f"## {name}", "", part.get("description", ""), "")
            yield from table(("key", "default", "accepted", "what it does"), [_row(name, part, schema)])
            continue
        text = told(part.get("description") or target.get("description"))
        yield from ("", f"## {name}", "", text, "")
        rows = []
        for key, value in target["properties"].items():
            inner = _target(value, schema)
            if inner is None:
                rows.append(_row(key, value, schema))
            else:
                rows += [_row(f"{key}.{below}", one, schema) for below, one in inner["properties"].items()]
        yield from table(("key", "default", "accepted", "what it does"), rows)


def profiles_file() -> Iterator[str]:
    schema = _schema("profiles")
    order = ("ProfileModel", "LegModel", "TrailingModel", "StopMoveModel", "TimeStopModel", "AtrTrailModel")
    yield from _models(schema, (*order, "AdaptiveModel", "LiquidityModel"))


def plan_file() -> Iterator[str]:
    schema = _schema("plan")
    yield from ("## The plan", "")
    yield from _fields(schema, schema)
    yield from ("",)
    yield from _models(schema, ("TriggerModel", "SizingRuleModel", "LimitsModel"))


TITLES = {
    "ProfileModel": "A profile",
    "LegModel": "tp_legs",
    "TrailingModel": "trailing",
    "StopMoveModel": "stop_moves",
    "TimeStopModel": "time_stop",
    "AtrTrailModel": "atr_trail",
    "AdaptiveModel": "adaptive",
    "LiquidityModel": "liquidity",
    "TriggerModel": "triggers",
    "SizingRuleModel": "sizing_rules",
    "LimitsModel": "risk_constraints and limits",
}


def _models(schema: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        model = schema["$defs"][name]
        yield from (f"## {TITLES[name]}", "", told(model.get("description")), "")
        yield from _fields(model, schema)
        yield ""


def _fields(model: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    required = model.get("required", ())
    rows = []
    for key, part in model["properties"].items():
        name, default, accepted, text = _row(key, part, schema)
        rows.append((name, "required" if key in required else default, accepted, text))
    yield from table(("key", "default", "accepted", "what it is"), rows)


def _schema(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "docs" / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))


def _target(part: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The model that a key holds, where it holds one."""
    for one in (part, *part.get("anyOf", ())):
        if "$ref" in one:
            return schema["$defs"][one["$ref"].rpartition("/")[2]]
    return None


def _row(key: str, part: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, str, str, str]:
    default = code(json.dumps(part["default"])) if "default" in part else ""
    return code(key), default, _accepted(part), told(part.get("description")) or _limit_of(key)


def _limit_of(key: str) -> str:
    """What a key is for that limits a guard."""
    return next((f"Guard {code(guard)}: {text}" for guard, text in REFUSALS if code(key) in text), "")


def _accepted(part: Mapping[str, Any]) -> str:
    kinds = [_kind(one) for one in part.get("anyOf", [part])]
    return " or ".join(dict.fromkeys(kind for kind in kinds if kind))


def _kind(one: Mapping[str, Any]) -> str:
    if str(one.get("pattern", "")).startswith(NUMBER_AS_TEXT):
        return ""  # a number as text is the same number
    if "$ref" in one:
        return f"see {code(TITLES.get(one['$ref'].rpartition('/')[2], 'below'))}"
    if "anyOf" in one:
        return _accepted(one)
    if "enum" in one:
        return ", ".join(code(word) for word in one["enum"])
    kind = one.get("type", "")
    if isinstance(kind, list):
        return " or ".join(_kind({**one, "type": single}) for single in kind)
    if kind == "array":
        inner = _accepted(one.get("items", {}))
        return f"a list of {inner}".replace("of see", "as in") if inner else "a list"
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true, false"}
    return (words.get(kind, kind) + _bounds(one)).strip()


def _bounds(one: Mapping[str, Any]) -> str:
    names = (("exclusiveMinimum", "above"), ("minimum", "from"), ("exclusiveMaximum", "below"), ("maximum", "to"))
    return "".join(f" {word} {one[key]:g}" for key, word in names if key in one)


# commands


def commands() -> Iterator[str]:
    import typer.main

    from exitbrain.cli import app

    yield from _command(typer.main.get_command(app), "exitbrain", top=True)


def _command(command: Any, path: str, *, top: bool = False) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner:
        if top:
            rows = []
            for words, leaf in _leaves(command, path):
                rows.append((f"[{code(words)}](#{words.replace(' ', '-')})", _first_line(leaf.help)))
            yield from table(("command", "does"), rows)
        for words, leaf in _leaves(command, path):
            yield from _leaf(leaf, words)


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, one in command.commands.items():
        if getattr(one, "hidden", False):
            continue
        if getattr(one, "commands", None):
            yield from _leaves(one, f"{path} {name}")
        else:
            yield f"{path} {name}", one


def _leaf(command: Any, path: str) -> Iterator[str]:
    yield from ("", f"## {path}", "", told(command.help), "")
    if command.epilog:
        example = command.epilog.strip().removeprefix("Example:").strip()
        yield from ("```sh", example, "```", "")
    rows = []
    for one in command.params:
        if one.name == "help" or getattr(one, "hidden", False):
            continue
        if one.param_type_name == "argument":
            names = code(one.metavar or one.name.upper())
        else:
            names = ", ".join(code(name) for name in (*one.opts, *one.secondary_opts))
        rows.append((names, _default(one), getattr(one, "help", None) or ""))
    if rows:
        yield from table(("option", "default", "what it is"), rows)


def _default(one: Any) -> str:
    if one.required:
        return "required"
    default = one.default
    if (
        default is None
        or default is False
        or callable(default)
        or default == ()
        or "Sentinel" in type(default).__name__
    ):
        return ""
    return code(default)


def _first_line(text: str | None) -> str:
    return told(text).split("\n\n")[0].replace("\n", " ")


# Python


def python_names() -> Iterator[str]:
    import exitbrain

    for name in getattr(exitbrain, "__all__", ()):
        value = getattr(exitbrain, name)
        if name.startswith("__"):
            continue
        yield from _python_name(name, value)


def _python_name(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        yield from (f"## {name}", "", *_class(name, value), "")
    elif callable(value):
        yield from (f"## {name}", "", "```py", _signature(name, value), "```", "", told(value.__doc__), "")
    else:
        yield from (f"## {name}", "", f"A `{type(value).__name__}`.", "")


def _class(name: str, value: type) -> Iterator[str]:
    if value.__name__ != name:
        yield f"The same as [{code(value.__name__)}](#{value.__name__.lower()})."
        return
    docstring = told(value.__doc__)
    written = docstring and not docstring.startswith(f"{name}(")
    if written:
        yield from (docstring, "")
    if hasattr(value, "__members__"):
        yield ", ".join(code(member) for member in value.__members__)
        return
    if value.__name__ in MADE_BY_US:
        pass
    elif is_dataclass(value):
        yield from table(
            ("field", "type", "default"),
            ((code(one.name), code(_type(one.type)), _field_default(one)) for one in fields(value)),
        )
    else:
        yield from ("```py", _signature(name, value), "```")
    methods = list(_methods(value))
    if methods:
        yield from ("", *methods)


def _methods(value: type) -> Iterator[str]:
    for name, member in vars(value).items():
        if name.startswith("_") or name in INSIDE:
            continue
        if isinstance(member, property) or type(member).__name__ == "cached_property":
            function = member.fget if isinstance(member, property) else member.func
            yield f"- `{name}`{_dashed(function.__doc__)}"
        elif isinstance(member, classmethod | staticmethod):
            yield f"- `{_signature(name, member.__func__)}`{_dashed(member.__doc__)}"
        elif inspect.isfunction(member):
            yield f"- `{_signature(name, member)}`{_dashed(member.__doc__)}"


def _dashed(docstring: str | None) -> str:
    text = told(docstring).replace("\n", " ")
    return f": {text}" if text else ""


def _signature(name: str, value: Any) -> str:
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    kept = [_shown(one) for one in signature.parameters.values() if one.name not in ("self", "cls")]
    shown = signature.replace(parameters=kept, return_annotation=inspect.Signature.empty)
    returned = signature.return_annotation
    arrow = "" if returned in (inspect.Signature.empty, None, "None") else f" -> {_type(returned)}"
    return f"{name}{shown}{arrow}"


class Plain(str):
    """Text that shows itself without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _shown(one: inspect.Parameter) -> inspect.Parameter:
    if one.annotation is not one.empty:
        one = one.replace(annotation=Plain(_type(one.annotation)))
    if isinstance(one.default, Enum):
        one = one.replace(default=Plain(repr(str(one.default))))
    return one


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    return text.replace("typing.", "").replace("collections.abc.", "")


def _field_default(one: Any) -> str:
    default = one.default if one.default_factory is MISSING else one.default_factory()
    if default is MISSING:
        return ""
    shown = str(default) if isinstance(default, str | Decimal) and default != "" else repr(default)
    return code(shown if len(shown) <= LONGEST_DEFAULT else f"{type(default).__name__}()")


# the API


def openapi() -> dict[str, Any]:
    from exitbrain.api.app import create_app

    return create_app(None, experiments_runner=object()).openapi()


def openapi_text() -> str:
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


def api_routes() -> Iterator[str]:
    schema = openapi()
    tags: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            tags.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    for tag, routes in tags.items():
        yield from (f"## {tag.capitalize()}", "")
        for method, path, operation in routes:
            yield from (f"### {method} {path}", "", *_route(operation, schema), "")
    yield from ("## Shapes", "")
    for name, model in schema["components"]["schemas"].items():
        if "properties" in model:
            yield from (f"### {name}", "", told(model.get("description")), "", *_shape(model, schema), "")


def _route(operation: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    if operation.get("deprecated"):
        yield from ("Deprecated.", "")
    if "description" in operation:
        yield from (told(operation["description"]), "")
    content = operation.get("requestBody", {}).get("content", {})
    for one in content.values():
        yield from (f"Body: {_shape_word(one['schema'])}.", "")
    for status, one in operation["responses"].items():
        if status.startswith("2"):
            shapes = [
                _shape_word(part.get("schema", {})) or code(kind) for kind, part in one.get("content", {}).items()
            ]
            yield from (f"Answer {status}: {' or '.join(shapes) or 'no body'}.", "")
    rows = [_parameter(one) for one in operation.get("parameters", ())]
    if rows:
        yield from table(("parameter", "in", "default", "accepted", "what it is"), rows)


def _parameter(one: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    part = one["schema"]
    default = "required" if one.get("required") else code(json.dumps(part["default"])) if "default" in part else ""
    return code(one["name"]), one["in"], default, _api_accepted(part), told(one.get("description"))


def _shape(model: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    required = model.get("required", ())
    rows = []
    for key, part in model["properties"].items():
        default = "" if key in required else code(json.dumps(part.get("default")))
        rows.append((code(key), default, _api_accepted(part), told(part.get("description"))))
    yield from table(("key", "default", "type", "what it is"), rows)


def _api_accepted(part: Mapping[str, Any]) -> str:
    if "allOf" in part:
        return _shape_word(part["allOf"][0])
    return " or ".join(dict.fromkeys(filter(None, map(_api_kind, part.get("anyOf", [part])))))


def _api_kind(one: Mapping[str, Any]) -> str:
    if "$ref" in one or "const" in one:
        return _shape_word(one) if "$ref" in one else code(one["const"])
    if one.get("type") == "array":
        return f"a list of {_api_accepted(one.get('items', {})) or 'anything'}"
    if one.get("type") == "object":
        inner = one.get("additionalProperties")
        return f"a mapping to {_api_accepted(inner)}" if isinstance(inner, dict) and inner else "a mapping"
    return "null" if one.get("type") == "null" else _kind(one)


def _shape_word(part: Mapping[str, Any]) -> str:
    if "$ref" not in part:
        return _api_kind(part) if part.get("type") in ("object", "array") else ""
    name = part["$ref"].rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


# the house


def layers() -> Iterator[str]:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    yield from ("```text", *contract[0]["layers"], "```")


BLOCKS: Mapping[str, Callable[[], Iterator[str]]] = {
    "guards": guards,
    "ranks": ranks,
    "default-profiles": default_profiles,
    "functions": functions,
    "features": features,
    "lost-events": lost_events,
    "refusal-events": refusal_events,
    "config": config_keys,
    "profiles-file": profiles_file,
    "plan-file": plan_file,
    "commands": commands,
    "python": python_names,
    "api": api_routes,
    "layers": layers,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
