"""One run, bar by bar in time order: opens, paths, decisions (spec X F8 F10 F16 F28 F32).

At each time: funding, then for every symbol in order its open (the orders decided at the previous close, rows decided
alone, resting legs that the open has passed), then every symbol's path, then every symbol's decision at the close.

CHOICES
1. Within one time all opens come before all paths, and all paths before all decisions; ties by symbol, then by age.
2. Several rows that are decided alone at one open are decided one after another, in file order.
3. At a symbol's last bar what is open closes at its last close, after any decision of `fill_at: close`.
4. A duration's time stop compares open times of bars: time(t) − time(e) ≥ duration; the profile's and the config's both
   hold, whichever is first.
5. Where independent, decisions run by age of position, then rows, then triggers in plan order; orders fill likewise.
6. Where independent, a latch trigger's exit rule is asked once a bar with the symbol seen as flat.
"""

from .cutting import harden, send_rests
from .deciding import (
    Candidate,
    Decision,
    Latch,
    arbitrate,
    ask_latch_triggers,
    ask_regime_rule,
    block,
    entry_candidates,
    exit_candidates,
    plan_expiry,
    precedence,
    row_candidate,
    take_whole,
)
from .exact import day_of, duration_name, exact, iso, microseconds
from .filling import Order, fill_order
from .guarding import refusal
from .ledger import book_funding, close_lots, note_excursions, trade_set
from .market import build_instrument, build_series
from .planning import regime_of, registry_with
from .walking import open_position_at, walk_bar

CONFIG_DEFAULTS = {
    "instrument": {},
    "execution": {
        "path": "adverse",
        "fill_at": "next_open",
        "slippage_bps": "1.0",
        "limit_fill": "touch",
        "spread_bps": None,
    },
    "account": {
        "initial_cash": 100000,
        "max_leverage": None,
        "sizing": {"mode": "risk", "value": "0.01"},
        "max_adds": 0,
        "on_opposite": "reverse",
        "independent": False,
        "close_at_end": True,
    },
    "exits": {
        "use_profiles": True,
        "strategy_id": "default",
        "risk_mode": "NORMAL",
        "regime": "auto",
        "default_stop_pct": "2.5",
        "partial_template": [["0.25", "0.5"], ["0.25", "1.0"], ["0.5", "2.0"]],
        "stop_atr_mult": None,
        "time_stop_bars": None,
    },
    "guardrails": {
        "same_bar_veto": True,
        "min_hold_bars": 0,
        "max_spread_bps": None,
        "min_liquidity": None,
        "stale_after_bars": 3,
        "min_trade": True,
        "cooldown_bars": 0,
        "max_daily_loss_pct": None,
        "max_entries_per_day": None,
        "max_position_risk_pct": None,
        "max_symbol_exposure_pct": None,
        "max_portfolio_exposure_pct": None,
        "daily_risk_budget_pct": None,
        "allowed_symbols": None,
        "allowed_directions": None,
        "allowed_categories": None,
    },
    "arbitration": {"entry_override_grade": "A"},
    "latch": {"scope": "portfolio", "clear_after_bars": 12},
}
STRICTER_IS_LOWER = (
    "max_daily_loss_pct",
    "max_entries_per_day",
    "max_position_risk_pct",
    "max_symbol_exposure_pct",
    "max_portfolio_exposure_pct",
    "daily_risk_budget_pct",
)


def run_world(world):
    """The TradeSets and block events of a world, and its notes (latch changes and plan notes)."""
    run = Run(world)
    for time in run.times:
        run.step(time)
    for position in run.open_positions:
        note_excursions(position)
    order = sorted(run.positions, key=lambda position: (position.record.opened_at, position.record.symbol))
    return {
        "trade_sets": [trade_set(position.record) for position in order],
        "events": run.events,
        "notes": run.notes,
    }


def merged(defaults, given):
    result = dict(defaults)
    for key, value in (given or {}).items():
        nested = isinstance(value, dict) and isinstance(defaults.get(key), dict) and key != "sizing"
        result[key] = merged(defaults[key], value) if nested else value
    return result


def stricter_guards(guards, plan):
    """The stricter of plan and config holds (spec F39)."""
    result = dict(guards)
    for source in (plan.get("risk_constraints") or {}, plan.get("limits") or {}):
        for key, value in source.items():
            present = result[key]
            if value is None:
                continue
            if present is None:
                result[key] = value
            elif key in STRICTER_IS_LOWER:
                result[key] = min(present, value, key=exact)
            elif key.startswith("allowed_"):
                result[key] = [word for word in present if word in value]
            else:
                result[key] = max(present, value, key=exact)
    return result


class Run:
    """The state of one run; the modules beside this one act on it."""

    def __init__(self, world):
        self.settings = merged(CONFIG_DEFAULTS, world["config"])
        self.account, self.exits = self.settings["account"], self.settings["exits"]
        self.plan = world.get("plan") or {}
        self.guards = stricter_guards(self.settings["guardrails"], self.plan)
        self.triggers = self.plan.get("triggers") or []
        self.registry = registry_with(world.get("profiles"))
        self.regime = regime_of(self.exits)
        self.fills_next_open = self.settings["execution"]["fill_at"] == "next_open"
        self.cash = exact(self.account["initial_cash"])
        self.series = self.build_all_series(world)
        self.timeframe_name = duration_name(next(iter(self.series.values())).timeframe)
        self.indexes = {symbol: {bar.time: at for at, bar in enumerate(s.bars)} for symbol, s in self.series.items()}
        self.times = sorted({bar.time for series in self.series.values() for bar in series.bars})
        self.rows = {symbol: self.place_rows(world, symbol) for symbol in self.series}
        self.expiry = plan_expiry(self.plan)
        self.now = 0
        self.marks = {}
        self.positions, self.open_positions = [], []
        self.pending = {symbol: [] for symbol in self.series}
        self.events, self.notes, self.openings = [], [], []
        self.last_close, self.day_open_equity = {}, {}
        self.latch = Latch()

    def build_all_series(self, world):
        found = {}
        spread = self.settings["execution"]["spread_bps"]
        default_spread = None if spread is None else exact(spread)
        for symbol in sorted(world["candles"]):
            rows = world["candles"][symbol]
            instrument = build_instrument(symbol, self.settings["instrument"], rows, self.cash)
            detail = (world.get("detail") or {}).get(symbol) or []
            funding, quotes = world.get("funding") or [], world.get("quotes") or []
            found[symbol] = build_series(symbol, rows, instrument, detail, funding, quotes, default_spread)
        return found

    def place_rows(self, world, symbol):
        """Bar index to the entry rows taken at its open (spec X0)."""
        bars = self.series[symbol].bars
        placed = {}
        for row in world.get("entries") or []:
            time = microseconds(row["timestamp"])
            if row["symbol"] == symbol and bars[0].time <= time <= bars[-1].time:
                at = next(index for index, bar in enumerate(bars) if bar.time >= time)
                placed.setdefault(at, []).append(row)
        return placed

    # What the other modules ask

    def rows_at(self, series, index):
        return self.rows[series.instrument.symbol].get(index, [])

    def index_of(self, series):
        return self.indexes[series.instrument.symbol].get(self.now)

    def netting_position(self, series):
        if self.account["independent"]:
            return None
        return next((position for position in self.open_positions if position.series is series), None)

    def equity(self):
        """Cash and every open position at its mark."""
        total = self.cash
        for position in self.open_positions:
            instrument = position.series.instrument
            value = self.marks[instrument.symbol] * position.lots - position.cost
            total += position.direction * value * instrument.unit
        return total

    def plan_expired(self, time):
        return self.expiry is not None and time > self.expiry

    def openings_of(self, time):
        return [risk for day, risk in self.openings if day == day_of(time)]

    def note(self, time, series, text):
        self.notes.append({"kind": "plan", "time": iso(time), "symbol": series.instrument.symbol, "detail": text})

    def scope(self, series):
        return "*" if self.settings["latch"]["scope"] == "portfolio" else series.instrument.symbol

    def latched(self, series):
        return bool(self.latch.causes.get(self.scope(series)))

    def set_latch(self, series, cause, time):
        causes = self.latch.causes.setdefault(self.scope(series), set())
        self.latch.falses[(self.scope(series), cause)] = 0
        if cause not in causes:
            causes.add(cause)
            self.notes.append({"kind": "latch", "time": iso(time), "scope": self.scope(series), "set": cause})

    def clear_latch(self, series, cause, time):
        causes = self.latch.causes.get(self.scope(series), set())
        if cause in causes:
            causes.remove(cause)
            self.notes.append({"kind": "latch", "time": iso(time), "scope": self.scope(series), "cleared": cause})

    # One time

    def step(self, time):
        self.now = time
        present = [series for series in self.series.values() if self.index_of(series) is not None]
        for series in present:
            self.marks[series.instrument.symbol] = series.bars[self.index_of(series)].open
        self.day_open_equity.setdefault(day_of(time), self.equity())
        for series in present:
            self.pay_funding(series)
        for series in present:
            self.open_bar(series)
        for series in present:
            self.walk(series)
        for series in present:
            self.marks[series.instrument.symbol] = series.bars[self.index_of(series)].close
        if self.settings["latch"]["scope"] == "portfolio":
            ask_regime_rule(self, present, time)
        for series in present:
            self.close_bar(series)

    def positions_of(self, series):
        return [position for position in self.open_positions if position.series is series]

    def pay_funding(self, series):
        for rate, mark in series.funding.get(self.index_of(series), []):
            for position in self.positions_of(series):
                book_funding(self, position, rate, mark)

    def parts(self, series):
        """The bars that price walks: the finer ones where they cover the bar (spec F45)."""
        index = self.index_of(series)
        return series.details.get(index) or [series.bars[index]]

    def open_bar(self, series):
        index = self.index_of(series)
        bar = series.bars[index]
        first = self.parts(series)[0]
        now = (index, bar.time)
        for position in self.positions_of(series):
            position.run_index, position.run_time = now
            position.taken = 0
        symbol = series.instrument.symbol
        orders, self.pending[symbol] = self.pending[symbol], []
        self.send_all_rests(series, orders, first)
        for order in orders:
            fill_order(self, order, bar.open, first, now)
        if index == 0 or not self.fills_next_open:
            for row in self.rows_at(series, index):
                self.decide_alone(series, row, first, now)
        for position in self.positions_of(series):
            harden(self, position, index)
            open_position_at(self, position, first)

    def send_all_rests(self, series, orders, bar):
        """Before the orders of an open; an emergency drops the rests of its position (spec P14)."""
        for order in orders:
            if order.candidate.kind == "emergency_exit":
                order.candidate.position.rests.clear()
        for position in self.positions_of(series):
            send_rests(self, position, bar)

    def decide_alone(self, series, row, bar, now):
        index, time = now
        decision = Decision(series, index, time, bar.open, alone=True)
        candidate = row_candidate(row)
        reason = refusal(self, decision, candidate, self.netting_position(series))
        if reason is None:
            fill_order(self, Order(candidate, decision), bar.open, bar, now)
        else:
            block(self, decision, candidate, reason)

    def walk(self, series):
        for position in self.positions_of(series):
            for part in self.parts(series):
                if position.lots:
                    open_position_at(self, position, part)
                if position.lots:
                    walk_bar(self, position, part)

    def close_bar(self, series):
        index = self.index_of(series)
        if self.settings["latch"]["scope"] != "portfolio":
            ask_regime_rule(self, [series], self.now)
        last = index == len(series.bars) - 1
        if not (last and self.fills_next_open):
            self.decide(series, index)
        if last and self.account["close_at_end"]:
            for position in self.positions_of(series):
                part = self.parts(series)[-1]
                close_lots(self, position, position.lots, part.close, part, "end_of_data")

    # Decisions

    def decide(self, series, index):
        decision = Decision(series, index, series.bars[index].time, series.bars[index].close)
        if self.account["independent"]:
            self.decide_independent(decision)
            return
        position = self.netting_position(series)
        if position is not None and self.time_is_up(position, index):
            self.stop_in_time(decision, position)
            return
        ask_latch_triggers(self, series, position, decision.time)
        candidates = entry_candidates(self, series, index, position)
        if position is not None:
            candidates += exit_candidates(self, series, position)
        self.carry_out(decision, arbitrate(self, decision, candidates, position))

    def decide_independent(self, decision):
        series, index = decision.series, decision.index
        ask_latch_triggers(self, series, None, decision.time)
        for position in self.positions_of(series):
            if self.time_is_up(position, index):
                self.carry_out(decision, time_stop(position))
            else:
                found = exit_candidates(self, series, position)
                self.carry_out(decision, arbitrate(self, decision, found, position))
        for candidate in entry_candidates(self, series, index, None):
            reason = refusal(self, decision, candidate, None)
            if reason is None:
                self.carry_out(decision, candidate)
            else:
                block(self, decision, candidate, reason)

    def time_is_up(self, position, index):
        if any(rest.reason == "time_stop" for rest in position.rests):
            return False
        held = index - position.opened_index
        limits = [self.exits["time_stop_bars"], position.recipe.time_stop_bars]
        if any(limit is not None and held >= limit for limit in limits):
            return True
        span = position.recipe.time_stop_span
        bars = position.series.bars
        return span is not None and bars[index].time - bars[position.opened_index].time >= span

    def stop_in_time(self, decision, position):
        """No exit is asked and every entry is recorded (spec F16 F32)."""
        candidates = entry_candidates(self, decision.series, decision.index, position)
        latched = self.latched(decision.series)
        for candidate in sorted(candidates, key=lambda item: precedence(self, item, latched)):
            block(self, decision, candidate, "exit_preempts_entry", preempted_by="time_stop")
        self.carry_out(decision, time_stop(position))

    def carry_out(self, decision, winner):
        if winner is None:
            return
        if winner.kind not in ("entry", "time_stop"):
            take_whole(self, decision, winner)
            winner.position.used.add(winner.trigger_id)
        order = Order(winner, decision, self.only_closes(decision.series, winner))
        if self.fills_next_open:
            self.pending[decision.series.instrument.symbol].append(order)
        else:
            bar = self.parts(decision.series)[-1]
            fill_order(self, order, bar.close, bar, (decision.index, decision.time))

    def only_closes(self, series, winner):
        position = self.netting_position(series)
        against = winner.kind == "entry" and position is not None and winner.direction != position.direction
        return against and self.account["on_opposite"] == "exit"


def time_stop(position):
    return Candidate("time_stop", "time_stop", "plan", None, None, lots=position.lots, position=position)
