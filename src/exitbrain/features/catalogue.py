"""Every feature that a rule may name (spec T5): a table of families, and the way from a name to its family.

A name is a family and its whole numbers: `close`, `rsi_14`, `macd_12_26_9`. Before a family of bars may stand a higher
timeframe: `tf_4h_rsi_14` is rsi_14 of the last 4h bar that was closed at that moment. The set is closed: what is not
here is an error when a rule is loaded. This module needs no arrays, so a plan can be checked without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from exitbrain.core.market import MarketRegime
from exitbrain.core.names import nearest
from exitbrain.core.rules import POSITION_FEATURES, RuleType
from exitbrain.core.rules.catalogue import POSITION_WORDS
from exitbrain.core.timeframes import PATTERN, timeframe_microseconds, timeframe_word

LONGEST = 500
NUMBER, TEXT = RuleType.NUMBER, RuleType.TEXT
STOCHASTIC_SMOOTHING = 3
MACD_DEFAULTS = (12, 26, 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """`lowest` holds the least value of each whole number in its names, `usual` those that are suggested.

    `warm_up` gives, for such numbers, how many bars pass before the first value.
    """

    name: str
    group: str
    meaning: str
    unit: str
    kind: RuleType = NUMBER
    lowest: tuple[int, ...] = ()
    usual: tuple[tuple[int, ...], ...] = ((),)
    warm_up: Callable[..., int] = field(default=lambda: 0, compare=False)
    of_bars: bool = True  # can be had of a higher timeframe
    implied: tuple[int, ...] | None = None  # the numbers of the bare name

    @property
    def pattern(self) -> str:
        return "_".join([self.name, *_LETTERS[len(self.lowest)]])

    def written(self, numbers: tuple[int, ...]) -> str:
        return "_".join([self.name, *map(str, numbers)])


_LETTERS = {0: (), 1: ("n",), 3: ("f", "s", "g")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A name, read. `timeframe` is in µs, None for that of the rule's own bars."""

    name: str
    family: Family
    numbers: tuple[int, ...] = ()
    timeframe: int | None = None

    @property
    def warm_up(self) -> int:
        """Bars of its timeframe that pass before its first value."""
        return self.family.warm_up(*self.numbers)

    @property
    def on_its_bars(self) -> str:
        """The same feature as its own timeframe names it."""
        return self.family.written(self.numbers)


def _periodic(
    name: str, group: str, unit: str, meaning: str, lowest: int, usual: tuple[int, ...], warm_up: Callable[[int], int]
) -> Family:
    return Family(
        name=name,
        group=group,
        unit=unit,
        meaning=meaning,
        lowest=(lowest,),
        usual=tuple((n,) for n in usual),
        warm_up=warm_up,
    )


def _macd(name: str, meaning: str) -> Family:
    return Family(
        name=name,
        group="momentum",
        unit="price",
        meaning=meaning,
        lowest=(2, 3, 1),
        usual=((), MACD_DEFAULTS),
        warm_up=lambda fast, slow, signal: slow + signal - 2,
        implied=MACD_DEFAULTS,
    )


def _of_position(name: str, unit: str, meaning: str) -> Family:
    return Family(name=name, group="position", unit=unit, meaning=meaning, kind=POSITION_FEATURES[name], of_bars=False)


def _window(n: int) -> int:
    return n - 1


def _change(n: int) -> int:
    return n


_FAMILIES = (
    Family(name="open", group="bars", unit="price", meaning="first price of the bar"),
    Family(name="high", group="bars", unit="price", meaning="highest price of the bar"),
    Family(name="low", group="bars", unit="price", meaning="lowest price of the bar"),
    Family(name="close", group="bars", unit="price", meaning="last price of the bar"),
    Family(name="volume", group="bars", unit="base quantity", meaning="volume of the bar"),
    Family(name="liquidity", group="bars", unit="quote", meaning="close × volume of the bar"),
    Family(
        name="spread_bps",
        group="bars",
        unit="bps",
        meaning="spread in the data, else execution.spread_bps",
        of_bars=False,
    ),
    _periodic("sma", "averages", "price", "simple average of close over n bars", 1, (20, 50, 200), _window),
    _periodic("ema", "averages", "price", "exponential average of close, 2 ÷ (n + 1)", 1, (20, 50, 200), _window),
    _periodic("wma", "averages", "price", "average of close over n bars, weighted 1 to n", 1, (20,), _window),
    _periodic("volume_sma", "averages", "base quantity", "simple average of volume over n bars", 1, (20,), _window),
    _periodic("rsi", "momentum", "0 to 100", "Wilder's relative strength index", 2, (14, 7), _change),
    _macd("macd", "fast less slow exponential average of close"),
    _macd("macd_signal", "exponential average of macd"),
    _macd("macd_hist", "macd less macd_signal"),
    _periodic("roc", "momentum", "percent", "change of close over n bars", 1, (10,), _change),
    _periodic("mom", "momentum", "price", "change of close over n bars", 1, (10,), _change),
    _periodic("return", "momentum", "fraction", "change of close over n bars", 1, (1, 24), _change),
    _periodic(
        "stoch_k", "momentum", "0 to 100", "slow stochastic: close within the range of n bars, averaged over 3",
        1, (14,), lambda n: n - 1 + 2 * (STOCHASTIC_SMOOTHING - 1),
    ),
    _periodic(
        "stoch_d", "momentum", "0 to 100", "average of stoch_k over 3 bars",
        1, (14,), lambda n: n - 1 + 2 * (STOCHASTIC_SMOOTHING - 1),
    ),
    _periodic("cci", "momentum", "about −300 to 300", "commodity channel index", 2, (20,), _window),
    _periodic("mfi", "momentum", "0 to 100", "money flow index", 2, (14,), _change),
    _periodic("willr", "momentum", "−100 to 0", "Williams' %R", 2, (14,), _window),
    _periodic("adx", "trend", "0 to 100", "Wilder's average directional index", 2, (14,), lambda n: 2 * n - 1),
    _periodic("plus_di", "trend", "0 to 100", "Wilder's plus directional indicator", 1, (14,), _change),
    _periodic("minus_di", "trend", "0 to 100", "Wilder's minus directional indicator", 1, (14,), _change),
    _periodic(
        "efficiency_ratio", "trend", "fraction", "Kaufman's: way made good ÷ way gone over n bars", 1, (20,), _change
    ),
    _periodic("atr", "volatility", "price", "Wilder's average true range", 1, (14,), _change),
    _periodic("bb_upper", "volatility", "price", "sma_n + 2 standard deviations of close", 2, (20,), _window),
    _periodic("bb_middle", "volatility", "price", "sma_n, the middle of the Bollinger bands", 2, (20,), _window),
    _periodic("bb_lower", "volatility", "price", "sma_n − 2 standard deviations of close", 2, (20,), _window),
    _periodic("bb_width", "volatility", "fraction", "(bb_upper − bb_lower) ÷ bb_middle", 2, (20,), _window),
    _periodic(
        "realized_vol", "volatility", "fraction a bar", "standard deviation of n log returns of close", 2, (24,), _change
    ),
    _periodic(
        "donchian_high", "channels", "price", "highest high of the n bars that end with this one", 1, (20,), _window
    ),
    _periodic("donchian_low", "channels", "price", "lowest low of the n bars that end with this one", 1, (20,), _window),
    _periodic("donchian_mid", "channels", "price", "middle of donchian_high and donchian_low", 1, (20,), _window),
    Family(name="obv", group="volume", unit="base quantity", meaning="on-balance volume since the first bar"),
    Family(
        name="regime", group="market", unit="word", kind=TEXT,
        meaning="confirmed regime: NORMAL, TREND, RANGE, VOLATILE or CHOP; NORMAL in the warm-up",
    ),
    Family(name="hour_utc", group="market", unit="0 to 23", meaning="hour of the bar's open", of_bars=False),
    Family(
        name="weekday_utc", group="market", unit="0 to 6", meaning="day of the bar's open, Monday is 0", of_bars=False
    ),
    _of_position("position", "text", "flat, long or short"),
    _of_position("is_flat", "true or false", "no position is open"),
    _of_position("is_long", "true or false", "the position is long"),
    _of_position("is_short", "true or false", "the position is short"),
    _of_position("bars_held", "bars", "bars since the bar of the opening fill; missing when flat"),
    _of_position("unrealized_r", "R", "profit of the open position at this close; missing when flat"),
    _of_position("mfe_r", "R", "best excursion since the opening; missing when flat"),
    _of_position("mae_r", "R", "worst excursion since the opening; missing when flat"),
    _of_position("entry_price", "price", "average entry price; missing when flat"),
    _of_position("stop_price", "price", "the present stop; missing when flat"),
    _of_position("position_fraction", "fraction", "share of the opening quantity still open; missing when flat"),
)  # fmt: skip
FAMILIES: dict[str, Family] = {family.name: family for family in _FAMILIES}

_NUMBERED = re.compile(r"(.*?)((?:_[0-9]+)*)")
_TIMEFRAMED = re.compile(rf"tf_({PATTERN})_(.+)")


@lru_cache(maxsize=4096)  # bounded: names come from outside
def feature_of(name: str) -> Feature | None:
    """The feature of a name, None where there is none."""
    timeframed = _TIMEFRAMED.fullmatch(name)
    if timeframed is None:
        return _plain_feature(name)
    feature = _plain_feature(timeframed[2])
    if feature is None or not feature.family.of_bars:
        return None
    timeframe = timeframe_microseconds(timeframed[1])
    return Feature(name=name, family=feature.family, numbers=feature.numbers, timeframe=timeframe)


def _plain_feature(name: str) -> Feature | None:
    numbered = _NUMBERED.fullmatch(name)
    family = FAMILIES.get(numbered[1]) if numbered is not None else None
    if numbered is None or family is None:
        return None
    written = numbered[2].split("_")[1:]
    numbers = tuple(map(int, written)) if all(len(number) <= 3 for number in written) else None
    if numbers == () and family.implied is not None:
        numbers = family.implied
    elif numbers is None or any(str(number) != text for number, text in zip(numbers, written)):
        return None
    if len(numbers) != len(family.lowest) or not _in_range(family, numbers):
        return None
    return Feature(name=name, family=family, numbers=numbers)


def _in_range(family: Family, numbers: tuple[int, ...]) -> bool:
    within = all(lowest <= number <= LONGEST for lowest, number in zip(family.lowest, numbers))
    return within and (len(numbers) < 3 or numbers[0] < numbers[1])


def usual_names() -> Iterator[str]:
    """The names to suggest and to list: each family with its usual numbers."""
    for family in _FAMILIES:
        for numbers in family.usual:
            yield family.written(numbers)


class FeatureCatalogue:
    """The closed catalogue, as the rule language wants it (`exitbrain.core.rules.Catalogue`)."""

    def feature_type(self, name: str) -> RuleType | None:
        feature = feature_of(name)
        return None if feature is None else feature.family.kind

    def words(self, name: str) -> tuple[str, ...] | None:
        feature = feature_of(name)
        if feature is None or feature.family.name not in ("regime", "position"):
            return None
        return POSITION_WORDS if feature.family.name == "position" else tuple(regime.value for regime in MarketRegime)

    def correction(self, name: str) -> str | None:
        timeframed = _TIMEFRAMED.fullmatch(name.lower())
        prefix, rest = (f"tf_{timeframed[1]}_", timeframed[2]) if timeframed else ("", name.lower())
        numbered = re.fullmatch(r"([a-z_]+?)_?([0-9]{1,3})", rest)
        if numbered is not None and numbered[1] not in FAMILIES:
            base = nearest(numbered[1], (family.name for family in _FAMILIES if len(family.lowest) == 1))
            rest = f"{base or numbered[1]}_{numbered[2]}"
        elif numbered is not None:
            rest = f"{numbered[1]}_{numbered[2]}"
        if feature_of(prefix + rest) is not None:
            return prefix + rest
        guess = nearest(rest, usual_names())
        return None if guess is None or feature_of(prefix + guess) is None else prefix + guess

    def advice(self, name: str) -> str | None:
        """For a name whose family is right and whose numbers are not."""
        timeframed = _TIMEFRAMED.fullmatch(name)
        numbered = _NUMBERED.fullmatch(timeframed[2] if timeframed else name)
        family = FAMILIES.get(numbered[1]) if numbered else None
        if family is None:
            return None
        if timeframed is not None and not family.of_bars:
            return f"{family.name} without a timeframe"
        if not family.lowest:
            return family.name
        if len(family.lowest) == 1:
            example = family.written(family.usual[0])
            return f"{family.pattern} with n from {family.lowest[0]} to {LONGEST}, such as {example}"
        return f"{family.pattern} with f below s, such as {family.written(MACD_DEFAULTS)}"

    def problem_at(self, name: str, timeframe: int) -> str | None:
        feature = feature_of(name)
        if feature is None or feature.timeframe is None:
            return None
        if feature.timeframe >= timeframe and feature.timeframe % timeframe == 0:
            return None
        return f"a multiple of the bars' own timeframe, {timeframe_word(timeframe)}"


CATALOGUE = FeatureCatalogue()
