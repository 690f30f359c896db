"""Client order ids: who placed it, under which fence, for what. Letters and digits only, 23 of them: every venue takes it.

xg 1 a7f3 01 00000000a4 P 2 kd    prefix, format, install, fence, sequence, role, leg, check
"""

from __future__ import annotations

import zlib
from typing import NamedTuple

from exitbrain.core.live.orders import Role

PREFIX = "xg"
FORMAT = "1"
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_INSTALL, _FENCE, _SEQUENCE = 4, 2, 10
SIZE = len(PREFIX) + len(FORMAT) + _INSTALL + _FENCE + _SEQUENCE + 2 + 2


class ClientId(NamedTuple):
    install: str
    fence: int
    sequence: int
    role: Role
    leg: int


def _written(number: int, width: int) -> str:
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return digits


def _check(text: str) -> str:
    return _written(zlib.crc32(text.encode()) % 1024, 2)


def client_id(install: str, fence: int, sequence: int, role: Role, leg: int) -> str:
    """`fence` is counted modulo 1024, `leg` modulo 32: what must be unique is the sequence."""
    assert len(install) == _INSTALL and install.isalnum(), install
    body = _written(fence % 1024, _FENCE) + _written(sequence, _SEQUENCE) + role + _written(leg % 32, 1)
    text = PREFIX + FORMAT + install + body
    return text + _check(text)


def parsed_id(text: str) -> ClientId | None:
    """None for an id that is not ours."""
    if len(text) != SIZE or not text.startswith(PREFIX + FORMAT) or _check(text[:-2]) != text[-2:]:
        return None
    at = len(PREFIX) + len(FORMAT)
    install, rest = text[at : at + _INSTALL], text[at + _INSTALL : -2]
    try:
        role = Role(rest[-2])
        numbers = [int(part, 32) for part in (rest[:_FENCE], rest[_FENCE:-2], rest[-1])]
    except ValueError:
        return None
    return ClientId(install, numbers[0], numbers[1], role, numbers[2])
