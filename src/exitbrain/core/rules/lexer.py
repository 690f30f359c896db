"""Text to tokens, within the limits of spec T4: 512 printable ASCII characters; newlines and tabs are spaces.

What other languages have and this one has not (attributes, subscripts, powers) is refused here by name, so that the
reader learns what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from exitbrain.core.rules.faults import RuleError, fault
from exitbrain.core.rules.nodes import Span

MOST_CHARACTERS = 512
KEYWORDS = frozenset({"and", "or", "not", "in", "between", "is", "none", "true", "false"})


class Kind(Enum):
    NUMBER = auto()
    TEXT = auto()
    NAME = auto()
    WORD = auto()
    SYMBOL = auto()
    END = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    kind: Kind
    text: str
    span: Span

    def __str__(self) -> str:
        return "the end" if self.kind is Kind.END else repr(self.text)


_TOKEN = re.compile(
    r"""(?P<NUMBER>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<TEXT>"[^"]*"|'[^']*')
      | (?P<NAME>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<SYMBOL><=|>=|==|!=|[-+*/<>(),])""",
    re.VERBOSE,
)
_FOREIGN = {
    "**": "there are no powers: write x * x",
    "//": "there is no whole-number division: write x / y",
    "<>": "write !=",
    "=<": "write <=",
    "=>": "write >=",
    "&&": "write and",
    "||": "write or",
    "=": "write == to compare",
    "!": "write not, or !=",
    "&": "write and",
    "|": "write or",
    "~": "write not",
    "%": "there is no remainder",
    "^": "there are no powers: write x * x",
    ".": "there are no attributes: features are plain names such as rsi_14",
    "[": "there are no subscripts: write prev(x, n) for an earlier bar",
    "]": "there are no subscripts: write prev(x, n) for an earlier bar",
    '"': "text ends with the quote that it starts with",
    "'": "text ends with the quote that it starts with",
}
_SPACES = str.maketrans("\n\r\t", "   ")


def tokens_of(text: object) -> list[Token]:
    """All tokens, the last of which is the END."""
    checked = _within_limits(text)
    plain = checked.translate(_SPACES)
    tokens: list[Token] = []
    at = 0
    while True:
        while at < len(plain) and plain[at] == " ":
            at += 1
        if at == len(plain):
            tokens.append(Token(kind=Kind.END, text="", span=(at, at)))
            return tokens
        token = _token_at(checked, plain, at)
        tokens.append(token)
        at = token.span[1]


def _within_limits(text: object) -> str:
    if not isinstance(text, str):
        raise RuleError(f"a rule is {type(text).__name__}", line=1, column=1, accepted="text")
    if len(text) > MOST_CHARACTERS:
        span = (MOST_CHARACTERS, len(text))
        raise fault(text, span, f"a rule of {len(text)} characters", accepted=f"at most {MOST_CHARACTERS}")
    for at, character in enumerate(text):
        if not (" " <= character <= "~" or character in "\n\r\t"):
            found = f"the character {ascii(character)}"
            raise fault(text, (at, at + 1), found, accepted="printable ASCII")
    return text


def _token_at(text: str, plain: str, at: int) -> Token:
    pair = plain[at : at + 2]
    if pair in _FOREIGN:
        raise fault(text, (at, at + 2), f"found {pair!r}", accepted=_FOREIGN[pair])
    match = _TOKEN.match(plain, at)
    if match is None:
        accepted = _FOREIGN.get(plain[at], "a name, a number, text or an operator")
        raise fault(text, (at, at + 1), f"found {plain[at]!r}", accepted=accepted)
    span, word, group = match.span(), match.group(), match.lastgroup
    assert group is not None
    if group == "NUMBER":
        _check_number(text, plain, span)
    if group == "NAME":
        return _name(text, word, span)
    return Token(kind=Kind[group], text=word, span=span)


def _check_number(text: str, plain: str, span: Span) -> None:
    start, end = span
    after = end
    while after < len(plain) and (plain[after].isalnum() or plain[after] in "_."):
        after += 1
    if after > end:
        accepted = "a plain decimal such as 70, 0.5 or 1e6"
        raise fault(text, (start, after), f"found {plain[start:after]!r}", accepted=accepted)
    if float(plain[start:end]) == float("inf"):
        raise fault(text, span, "a number too large", accepted="at most 1.7e308")


def _name(text: str, word: str, span: Span) -> Token:
    lowered = word.lower()
    if lowered in KEYWORDS:
        return Token(kind=Kind.WORD, text=lowered, span=span)
    if word.startswith("_") or "__" in word:
        raise fault(text, span, f"found {word!r}", accepted="a name of single words such as rsi_14")
    return Token(kind=Kind.NAME, text=word, span=span)
