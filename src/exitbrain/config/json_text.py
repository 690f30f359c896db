"""JSON (RFC 8259) with positions. Numbers stay the decimals that are written; NaN and Infinity are no numbers."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]  # typeshed leaves it out

from exitbrain.config.documents import DEEPEST, Document, KeyPath, Place
from exitbrain.config.written import exact_number, shortened
from exitbrain.errors import InvalidInput, Problem

_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORD = re.compile(r"[^\s,:\[\]{}\"]+")
_CONSTANTS = {"true": True, "false": False, "null": None}


def read_json(text: str, file: str | None) -> Document:
    document = Document(file=file)
    reader = _Reader(text, document)
    document.content = reader.value(())
    reader.skip_blank()
    if reader.at < len(text):
        raise reader.fault(f"{shortened(text[reader.at :].split()[0])} after the end", "one JSON value")
    return document


class _Reader:
    def __init__(self, text: str, document: Document) -> None:
        self.text = text
        self.at = 0
        self.document = document
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def value(self, path: KeyPath) -> object:
        self.skip_blank()
        if len(path) > DEEPEST:
            raise self.fault(f"values nested deeper than {DEEPEST}", "a flatter file")
        self.document.values[path] = self.place()
        match self.text[self.at : self.at + 1]:
            case "{":
                return self.mapping(path)
            case "[":
                return self.sequence(path)
            case '"':
                return self.string()
            case "":
                raise self.fault("the end of the file", "a value")
            case _:
                return self.scalar()

    def mapping(self, path: KeyPath) -> dict[str, object]:
        result: dict[str, object] = {}
        self.at += 1
        if self.closes("}"):
            return result
        while True:
            self.skip_blank()
            here = self.place()
            if self.text[self.at : self.at + 1] != '"':
                raise self.fault(self.next_word(), "a key in double quotes")
            key = self.string()
            self.expect(":")
            if key in result:
                first = self.document.keys[(*path, key)].line
                self.document.problems.append(
                    Problem(
                        found=f"key '{shortened(key)}' again (first on line {first})",
                        accepted="each key once",
                        file=here.file,
                        line=here.line,
                        column=here.column,
                    )
                )
                self.value((*path, key))
            else:
                self.document.keys[(*path, key)] = here
                result[key] = self.value((*path, key))
            if self.closes("}"):
                return result
            self.expect(",", "a comma or }")

    def sequence(self, path: KeyPath) -> list[object]:
        result: list[object] = []
        self.at += 1
        if self.closes("]"):
            return result
        while True:
            result.append(self.value((*path, len(result))))
            if self.closes("]"):
                return result
            self.expect(",", "a comma or ]")

    def string(self) -> str:
        try:
            text, end = scanstring(self.text, self.at + 1, True)
        except JSONDecodeError as error:
            self.at = error.pos
            raise self.fault(f"a faulty string ({error.msg.lower()})", "a JSON string on one line") from None
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self.fault("half of a surrogate pair in a string", "whole characters")
        self.at = end
        return str(text)

    def scalar(self) -> object:
        word = self.next_word()
        if word in _CONSTANTS:
            self.at += len(word)
            return _CONSTANTS[word]
        if not _NUMBER.fullmatch(word):
            raise self.fault(shortened(word), "a JSON value: text in double quotes, a finite number, true, false, null")
        try:
            number = exact_number(word)
        except InvalidInput as error:
            raise self.fault(error.problems[0].found, error.problems[0].accepted) from None
        self.at += len(word)
        return number

    def next_word(self) -> str:
        match = _WORD.match(self.text, self.at)
        return match.group() if match else self.text[self.at : self.at + 1] or "the end of the file"

    def skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def closes(self, bracket: str) -> bool:
        self.skip_blank()
        if self.text[self.at : self.at + 1] != bracket:
            return False
        self.at += 1
        return True

    def expect(self, sign: str, accepted: str | None = None) -> None:
        self.skip_blank()
        if self.text[self.at : self.at + 1] != sign:
            raise self.fault(shortened(self.next_word()), accepted or f"a {sign} here")
        self.at += 1

    def place(self) -> Place:
        line = bisect_right(self.starts, self.at)
        return Place(self.document.file, line, self.at - self.starts[line - 1] + 1)

    def fault(self, found: str, accepted: str | None) -> InvalidInput:
        here = self.place()
        return InvalidInput(Problem(found=found, accepted=accepted, file=here.file, line=here.line, column=here.column))
