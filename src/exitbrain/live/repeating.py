"""What is the case again and again is said once, and now and then for how long."""

from __future__ import annotations

from dataclasses import dataclass, field

EVERY = 30.0
FORGOTTEN_AFTER = 60.0


@dataclass(slots=True)
class _Said:
    first: float
    last_said: float
    last_heard: float


@dataclass(slots=True)
class Repeats:
    """Seconds of any clock that does not go back."""

    said: dict[object, _Said] = field(default_factory=dict)

    def words(self, what: object, text: str, now: float) -> str | None:
        """What is to be said of it: the text at first, for how long every half minute, nothing between. What was not
        heard for a minute is new."""
        for gone in [one for one, past in self.said.items() if now > past.last_heard + FORGOTTEN_AFTER]:
            del self.said[gone]
        past = self.said.get(what)
        if past is None:
            self.said[what] = _Said(now, now, now)
            return text
        past.last_heard = now
        if now < past.last_said + EVERY:
            return None
        past.last_said = now
        return f"{text}, for {now - past.first:.0f} s now"
