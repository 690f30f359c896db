"""YAML with positions: the safe parser's events, our own reading of scalars, aliases within bounds.

No tag makes a Python object. Unquoted words stay `Plain` text until a field gives them a type, so that no version's
guesses about `on`, `1:30`, `010` or dates reach a user. `<<` merges mappings as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from exitbrain.config.documents import DEEPEST, MOST_VALUES, Document, KeyPath, Place
from exitbrain.config.written import NULL_WORDS, Plain
from exitbrain.errors import InvalidInput, Problem

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"
_TEXT_TAGS = {"!", f"{_STANDARD}str", f"{_STANDARD}timestamp"}
_WORD_TAGS = {f"{_STANDARD}{name}" for name in ("int", "float", "bool", "null")}
_GROUP_TAGS = {None, "!", f"{_STANDARD}map", f"{_STANDARD}seq"}


@dataclass(slots=True)
class _Node:
    """A scalar (value), a sequence (items) or a mapping (pairs) and where it starts."""

    place: Place
    value: object = None
    items: list[_Node] | None = None
    pairs: list[tuple[_Node, _Node]] | None = None
    finished: bool = False


def read_yaml(text: str, file: str | None, wanted: str) -> Document:
    document = Document(file=file)
    try:
        root = _Composer(text, document).root()
    except yaml.MarkedYAMLError as error:
        raise InvalidInput(_syntax_problem(error, text, file)) from None
    except yaml.YAMLError as error:
        position = getattr(error, "position", 0)
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        found = f"character {text[position : position + 1]!r}"
        raise InvalidInput(
            Problem(found=found, accepted="printable text", file=file, line=line, column=column)
        ) from None
    if root is None:
        raise InvalidInput(
            Problem(found="nothing but comments", accepted=f"{wanted}, {{}} for an empty one", file=file)
        )
    document.content = _Expander(document).expand(root, ())
    return document


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str | None) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    accepted = f"valid YAML ({error.context})" if error.context else "valid YAML"
    lines = text.splitlines()
    written = lines[mark.line] if mark and mark.line < len(lines) else ""
    indentation = written[: len(written) - len(written.lstrip())]
    if "\t" in indentation:
        accepted = "spaces, not tabs, for indentation"
    elif "alias" in (error.context or ""):
        accepted = 'a lone * in quotes: "*"'
    return Problem(found=str(error.problem), accepted=accepted, file=file, line=line, column=column)


class _Composer:
    """Events to nodes; depth is bounded here, so nothing below recurses far."""

    def __init__(self, text: str, document: Document) -> None:
        self.events = yaml.parse(text, Loader=_LOADER)
        self.document = document
        self.anchors: dict[str, _Node] = {}

    def root(self) -> _Node | None:
        root: _Node | None = None
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self.fault(event, "a second document", "one document a file")
                root = self.node(next(self.events), 0)
        if root is not None and root.items is None and root.pairs is None and root.value is None:
            return None
        return root

    def node(self, event: yaml.Event, depth: int) -> _Node:
        if depth > DEEPEST:
            raise self.fault(event, f"values nested deeper than {DEEPEST}", "a flatter file")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        node = _Node(self.place(event))
        if event.anchor:
            self.anchors[event.anchor] = node
        if isinstance(event, yaml.ScalarEvent):
            node.value = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.check_group(event)
            node.items = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                node.items.append(self.node(inner, depth + 1))
        else:
            self.check_group(event)
            node.pairs = []
            while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
                key = self.node(inner, depth + 1)
                node.pairs.append((key, self.node(next(self.events), depth + 1)))
        node.finished = True
        return node

    def alias(self, event: yaml.AliasEvent) -> _Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            names = ", ".join(f"*{name}" for name in self.anchors) or "an &anchor before it"
            raise self.fault(event, f"alias *{event.anchor} without an anchor", names)
        if not known.finished:
            raise self.fault(event, f"alias *{event.anchor} inside its own anchor", "an anchor that ends before it")
        return known

    def scalar(self, event: yaml.ScalarEvent) -> object:
        if event.tag is None or event.tag == "!":
            if event.implicit[0] and event.style in (None, ""):
                return None if event.value in NULL_WORDS else Plain(event.value)
            return str(event.value)
        if event.tag in _TEXT_TAGS:
            return str(event.value)
        if event.tag in _WORD_TAGS:
            return None if event.tag.endswith("null") else Plain(event.value)
        self.note_tag(event)
        return str(event.value)

    def check_group(self, event: yaml.NodeEvent) -> None:
        if event.tag not in _GROUP_TAGS:
            self.note_tag(event)

    def note_tag(self, event: yaml.NodeEvent) -> None:
        tag = event.tag.replace(_STANDARD, "!!")
        self.document.problems.extend(self.fault(event, f"tag {tag}", "plain YAML without tags").problems)

    def place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.document.file, mark.line + 1, mark.column + 1)

    def fault(self, event: yaml.Event, found: str, accepted: str) -> InvalidInput:
        here = self.place(event)
        return InvalidInput(Problem(found=found, accepted=accepted, file=here.file, line=here.line, column=here.column))


class _Expander:
    """Nodes to values and places; what aliases repeat is counted, so that a bomb stops early."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0

    def expand(self, node: _Node, path: KeyPath) -> object:
        self.spend(node, path)
        self.document.values[path] = node.place
        if node.items is not None:
            return [self.expand(item, (*path, i)) for i, item in enumerate(node.items)]
        if node.pairs is None:
            return node.value
        result: dict[str, object] = {}
        for key, value in node.pairs:
            if self.is_merge(key):
                continue
            name = self.key_name(key)
            if name is None:
                continue
            if name in result:
                first = self.document.keys[(*path, name)].line
                self.note(key, f"key '{name}' again (first on line {first})", "each key once")
                continue
            self.document.keys[(*path, name)] = key.place
            result[name] = self.expand(value, (*path, name))
        for key, value in node.pairs:
            if self.is_merge(key):
                self.merge(value, path, result)
        return result

    def spend(self, node: _Node, path: KeyPath) -> None:
        self.count += 1
        if self.count > MOST_VALUES or len(path) > DEEPEST:
            found, accepted = "aliases that repeat too much", f"at most {MOST_VALUES} values, {DEEPEST} deep"
            raise InvalidInput(Problem(found=found, accepted=accepted, file=node.place.file, line=node.place.line))

    @staticmethod
    def is_merge(key: _Node) -> bool:
        return isinstance(key.value, Plain) and key.value == "<<"

    def key_name(self, key: _Node) -> str | None:
        if isinstance(key.value, str):
            return str(key.value)
        self.note(key, "a key that is null" if key.items is key.pairs is None else "a key that is no text", "a name")
        return None

    def merge(self, value: _Node, path: KeyPath, into: dict[str, object]) -> None:
        for source in value.items if value.items is not None else [value]:
            if source.pairs is None:
                self.note(source, "<< with what is no mapping", "an alias of a mapping")
                continue
            for key, inner in source.pairs:
                self.spend(key, path)
                if self.is_merge(key):
                    self.merge(inner, path, into)
                elif (name := self.key_name(key)) is not None and name not in into:
                    self.document.keys[(*path, name)] = key.place
                    into[name] = self.expand(inner, (*path, name))

    def note(self, node: _Node, found: str, accepted: str) -> None:
        here = node.place
        self.document.problems.append(
            Problem(found=found, accepted=accepted, file=here.file, line=here.line, column=here.column)
        )
