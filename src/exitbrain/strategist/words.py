"""The words of a plan: its texts come from a model, end up before people and in later prompts, and are not trusted.

Ids are identifiers; free text is a few plain sentences. What could act somewhere (escape codes, markup, links, the
marks of a conversation, orders to a reader that is a model) is a finding, with what would be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitbrain.core.lint import Finding, Severity
from exitbrain.core.triggers import StrategyPlan

LONGEST_ID, LONGEST_TEXT = 64, 1000
ID = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.-]{{0,{LONGEST_ID - 1}}}")
ID_WORDS = f"1 to {LONGEST_ID} letters, digits, _, - and ., a letter or digit first"
SENTENCES = "a few plain sentences about the market: no markup, links, code, roles or instructions"
SUSPICIOUS = (
    (re.compile(r"<\s*[A-Za-z/!?|]|\|>"), "markup"),
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|\bwww\.|\bjavascript:|\bdata:", re.IGNORECASE), "a link"),
    (re.compile(r"`|\$\{|\{\{|\$\("), "code"),
    (re.compile(r"\b(system|assistant|user|human|developer|tool)\s*:", re.IGNORECASE), "the role of a conversation"),
    (
        re.compile(
            r"\b(ignore|disregard|forget|override)\b.{0,40}\b(instruction|prompt|rule|above|previous|prior|cap|limit)",
            re.IGNORECASE | re.DOTALL,
        ),
        "an instruction to its reader",
    ),
    (re.compile(r"END OF DATA"), "a mark of the prompt"),
)


def findings_of_words(plan: StrategyPlan) -> Iterator[Finding]:
    """Every text of the plan that is more than a name or plain sentences."""
    yield from _name(plan.plan_id, "plan_id", None)
    for key in ("regime", "global_view"):
        yield from _sentences(getattr(plan, key), key)
    for trigger in plan.triggers:
        yield from _name(trigger.id, "id", trigger.id)


def _name(text: str, key: str, trigger_id: str | None) -> Iterator[Finding]:
    if ID.fullmatch(text) is None:
        yield _finding(f"{key} is {shortened(text)}", ID_WORDS, key, trigger_id)


def _sentences(text: str | None, key: str) -> Iterator[Finding]:
    if text is None:
        return
    if len(text) > LONGEST_TEXT:
        yield _finding(f"{key} has {len(text):,} characters", f"at most {LONGEST_TEXT:,}", key)
    odd = next(((i, one) for i, one in enumerate(text) if not (one.isprintable() or one in "\n\t")), None)
    if odd is not None:
        yield _finding(f"{key} has {odd[1]!r} at character {odd[0] + 1}", "printable characters", key)
    for pattern, what in SUSPICIOUS:
        found = pattern.search(text)
        if found is not None:
            words = f"{key} holds {what} at character {found.start() + 1}: {shortened(found.group())}"
            yield _finding(words, SENTENCES, key)


def _finding(message: str, accepted: str, key: str, trigger_id: str | None = None) -> Finding:
    return Finding(
        code="untrusted_text",
        severity=Severity.ERROR,
        trigger_id=trigger_id,
        key=key,
        message=message,
        advice=f"accepted: {accepted}",
    )


def shortened(text: str) -> str:
    """As it can be shown and told to a model: quoted, escaped, and not long."""
    return ascii(text if len(text) <= 60 else f"{text[:57]}...")
