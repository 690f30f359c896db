"""The site builds, its links hold, its generated parts are current, and its words are those of the house."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from .pages import PAGES, ROOT, name_of

SOURCES = ("src", "tests", "docs", "ui", "benchmarks", "studies")
SUFFIXES = (".md", ".py", ".ts", ".tsx", ".css", ".html", ".toml", ".yml", ".yaml", ".json")
SKIPPED = ("node_modules", "dist", "web", "__pycache__", "package-lock.json")
LOCAL_PATHS = re.compile(r"/(?:work|root|Users)/|/home/\w+/|[A-Z]:\\Users")
REGISTRIES = re.compile("|".join(("py" + r"pi\.org", "pythonhosted" + r"\.org", "npm" + r"js\.(?:org|com)")))
BANNED = re.compile(r"\b(?:" + "|".join(("enhan" + "ced", "production" + "[ -]ready")) + r")\b", re.IGNORECASE)
EMOJI = re.compile("[\U0001f000-\U0001faff\u2705\u274c\u26a0\ufe0f]")
ABOUT_MAKING = re.compile(r"\bspec(?:ification)? [A-Z]\d|spec\.md|interfaces\.md|/work\b", re.IGNORECASE)
REMOTE = re.compile(rb"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//", re.IGNORECASE)


def _files() -> list[Path]:
    found = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "mkdocs.yml", "hatch_build.py")]
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            inside = not any(part in SKIPPED for part in path.relative_to(ROOT).parts)
            if inside and path.suffix in SUFFIXES and path.is_file():
                found.append(path)
    return found


def _hits(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{name_of(path)}:{number}: {line.strip()[:100]}"
        for path in files
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize(
    "pattern",
    [LOCAL_PATHS, REGISTRIES, BANNED, EMOJI],
    ids=["paths of one machine", "registry hosts", "banned words", "emoji"],
)
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    assert _hits(pattern, _files()) == []


def test_the_documents_speak_of_the_product_only() -> None:
    assert _hits(ABOUT_MAKING, list(PAGES)) == []


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: it hides the warnings from --strict as well.
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_builds_strictly_with_every_link_in_place(site: Path) -> None:
    assert (site / "index.html").is_file()
    assert (site / "reference" / "commands.html").is_file()


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loads = [path.relative_to(site).as_posix() for path in site.rglob("*.html") if REMOTE.search(path.read_bytes())]
    assert loads == []


def test_the_generated_parts_are_what_the_code_says_now() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_links_between_documents_outside_the_site_lead_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_architecture_names_the_rooms_that_there_are() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    rooms = {room.strip() for layer in contracts[0]["layers"] for room in layer.split("|")}
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `(\w+)/?` \|", text, re.MULTILINE))
    assert named == rooms
    source = ROOT / "src" / "exitbrain"
    for path in re.findall(
        r"`((?:core|kernel|features|analysis|candles|report|config|backtesting|wiring|cli)/\w+)", text
    ):
        assert (source / f"{path}.py").exists() or (source / path).is_dir(), path
