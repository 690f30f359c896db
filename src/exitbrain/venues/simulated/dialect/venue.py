"""The whole venue behind one door: a request and its instant in, a reply out; what its streams say, when it is due.

venue = SimulatedVenue(player, key="k", secret="s")
reply = venue.request("POST", "/fapi/v1/order", {"symbol": "BTCUSDT", ...}, now)
venue.said(now)
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exitbrain.venues.simulated.dialect import account_data, market_data, trading
from exitbrain.venues.simulated.dialect.asked import Params, wanted
from exitbrain.venues.simulated.dialect.shapes import Json
from exitbrain.venues.simulated.dialect.telling import payload
from exitbrain.venues.simulated.faults import Faults, Outcome
from exitbrain.venues.simulated.orders import AlgoOrder, Fate
from exitbrain.venues.simulated.playing import Player
from exitbrain.venues.simulated.refusals import Refusal

HOUR = 3_600_000
PUBLIC, KEYED, SIGNED = "", "key", "signature"
Answer = Callable[["SimulatedVenue", Params], Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """`dropped`: the connection ends without an answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dropped: bool = False


class SimulatedVenue:
    def __init__(
        self, player: Player, *, key: str = "venue-sim", secret: str = "venue-sim", faults: Faults | None = None,
        listen_key_life: int = HOUR,
    ) -> None:  # fmt: skip
        self.player, self.exchange = player, player.exchange
        self.key, self.secret = key, secret
        self.faults = faults or Faults()
        self.exchange.fates = self._fate
        self.listen_key_life = listen_key_life
        # What a bot should refuse to trade with; orders are taken all the same.
        self.says_hedge_mode = self.says_withdrawals = False
        self.started_at = self.exchange.now
        self.listen_keys: dict[str, int] = {}
        self.quote = next(iter(self.exchange.contracts.values())).quote
        self._keys_made = 0
        self._mail: list[tuple[int, int, Json]] = []
        self._mails = 0

    def request(self, method: str, path: str, params: Params, now: int | None = None) -> Reply:
        """What the venue answers to a request that is already known to be its owner's."""
        if now is not None:
            self.advance(now)
        answer = ROUTES.get((method, path))
        if answer is None:
            return refused(Refusal(-5000, path=path, method=method))
        changes = method != "GET" and "listenKey" not in path
        outcome = self.faults.outcome(changes=changes, request=f"{method} {path}")
        match outcome:
            case Outcome.RATE_LIMITED:
                refusal = Refusal(-1003)
                return Reply(refusal.status, told(refusal), {"Retry-After": "1"})
            case Outcome.REJECTED:
                return refused(Refusal(self.faults.rejection()))
            case Outcome.LOST_REQUEST:
                return Reply(dropped=True)
            case Outcome.UNKNOWN_NOT_DONE:
                return refused(Refusal(-1007))
        try:
            reply = Reply(200, answer(self, params))
        except Refusal as refusal:
            reply = refused(refusal)
        if outcome is Outcome.LOST_ACK:
            return Reply(dropped=True)
        if outcome is Outcome.UNKNOWN_DONE:
            return refused(Refusal(-1007))
        return reply

    def advance(self, now: int) -> None:
        self.player.advance(now)

    def said(self, now: int) -> list[Json]:
        """What the user stream says by `now`, in the order in which it arrives."""
        for event in self.exchange.take_events():
            body = payload(self.exchange, event)
            for late in self.faults.arrivals():
                self._mails += 1
                heapq.heappush(self._mail, (event.at + late, self._mails, body))
        due = []
        while self._mail and self._mail[0][0] <= now:
            due.append(heapq.heappop(self._mail)[2])
        for key in [key for key, ends in self.listen_keys.items() if ends <= now]:
            del self.listen_keys[key]
            due.append({"e": "listenKeyExpired", "E": now, "listenKey": key})
        return due

    def _fate(self, algo: AlgoOrder) -> Fate:
        return self.faults.fate(algo)

    # for the answers

    def symbol(self, params: Params) -> str:
        symbol = wanted(params, "symbol")
        if symbol not in self.exchange.markets:
            raise Refusal(-1121)
        return symbol

    def each(self, params: Params, row: Callable[[str], Json]) -> Any:
        """One row where a symbol is given, else all."""
        return row(self.symbol(params)) if params.get("symbol") else [row(symbol) for symbol in self.exchange.markets]


def told(refusal: Refusal) -> Json:
    return {"code": refusal.code, "msg": refusal.message}


def refused(refusal: Refusal) -> Reply:
    return Reply(refusal.status, told(refusal))


def _open_stream(venue: SimulatedVenue, _: Params) -> Any:
    """The key in force, with its life begun anew; a new one where there is none."""
    if not venue.listen_keys:
        venue._keys_made += 1
        venue.listen_keys[f"listen{venue._keys_made}{venue.started_at}"] = 0
    return _keep_stream(venue, {})


def _keep_stream(venue: SimulatedVenue, _: Params) -> Any:
    if not venue.listen_keys:
        raise Refusal(-1125)
    (key,) = venue.listen_keys
    venue.listen_keys[key] = venue.exchange.now + venue.listen_key_life
    return {"listenKey": key}


def _close_stream(venue: SimulatedVenue, _: Params) -> Any:
    venue.listen_keys.clear()
    return {}


def _time(venue: SimulatedVenue, _: Params) -> Any:
    return {"serverTime": venue.exchange.now}


def _nothing(venue: SimulatedVenue, _: Params) -> Any:
    return {}


TABLE: tuple[tuple[str, str, str, Answer], ...] = (
    ("GET", "/fapi/v1/ping", PUBLIC, _nothing),
    ("GET", "/fapi/v1/time", PUBLIC, _time),
    ("GET", "/fapi/v1/exchangeInfo", PUBLIC, market_data.exchange_info),
    ("GET", "/fapi/v1/depth", PUBLIC, market_data.depth),
    ("GET", "/fapi/v1/trades", PUBLIC, market_data.recent_trades),
    ("GET", "/fapi/v1/klines", PUBLIC, market_data.klines),
    ("GET", "/fapi/v1/premiumIndex", PUBLIC, market_data.premium_index),
    ("GET", "/fapi/v1/fundingRate", PUBLIC, market_data.funding_rate),
    ("GET", "/fapi/v1/ticker/24hr", PUBLIC, market_data.ticker_day),
    ("GET", "/fapi/v1/ticker/price", PUBLIC, market_data.ticker_price),
    ("GET", "/fapi/v2/ticker/price", PUBLIC, market_data.ticker_price),
    ("GET", "/fapi/v1/ticker/bookTicker", PUBLIC, market_data.book_ticker),
    ("POST", "/fapi/v1/order", SIGNED, trading.place_order),
    ("GET", "/fapi/v1/order", SIGNED, trading.query_order),
    ("DELETE", "/fapi/v1/order", SIGNED, trading.cancel_order),
    ("POST", "/fapi/v1/batchOrders", SIGNED, trading.place_batch),
    ("DELETE", "/fapi/v1/batchOrders", SIGNED, trading.cancel_batch),
    ("GET", "/fapi/v1/openOrder", SIGNED, trading.query_open_order),
    ("GET", "/fapi/v1/openOrders", SIGNED, trading.open_orders),
    ("GET", "/fapi/v1/allOrders", SIGNED, trading.all_orders),
    ("DELETE", "/fapi/v1/allOpenOrders", SIGNED, trading.cancel_all),
    ("GET", "/fapi/v1/userTrades", SIGNED, trading.user_fills),
    ("POST", "/fapi/v1/algoOrder", SIGNED, trading.place_algo),
    ("GET", "/fapi/v1/algoOrder", SIGNED, trading.query_algo),
    ("DELETE", "/fapi/v1/algoOrder", SIGNED, trading.cancel_algo),
    ("GET", "/fapi/v1/openAlgoOrders", SIGNED, trading.open_algos),
    ("GET", "/fapi/v1/allAlgoOrders", SIGNED, trading.all_algos),
    ("DELETE", "/fapi/v1/algoOpenOrders", SIGNED, trading.cancel_all_algos),
    ("GET", "/fapi/v2/account", SIGNED, account_data.account),
    ("GET", "/fapi/v3/account", SIGNED, account_data.account),
    ("GET", "/fapi/v2/balance", SIGNED, account_data.balance),
    ("GET", "/fapi/v3/balance", SIGNED, account_data.balance),
    ("GET", "/fapi/v1/positionRisk", SIGNED, account_data.position_risk),
    ("GET", "/fapi/v2/positionRisk", SIGNED, account_data.position_risk),
    ("GET", "/fapi/v3/positionRisk", SIGNED, account_data.held_positions),
    ("GET", "/fapi/v1/symbolConfig", SIGNED, account_data.symbol_config),
    ("GET", "/fapi/v1/accountConfig", SIGNED, account_data.account_config),
    ("GET", "/fapi/v1/positionSide/dual", SIGNED, account_data.position_mode),
    ("POST", "/fapi/v1/positionSide/dual", SIGNED, account_data.set_position_mode),
    ("GET", "/fapi/v1/multiAssetsMargin", SIGNED, account_data.assets_mode),
    ("POST", "/fapi/v1/leverage", SIGNED, account_data.set_leverage),
    ("POST", "/fapi/v1/marginType", SIGNED, account_data.set_margin_type),
    ("GET", "/fapi/v1/leverageBracket", SIGNED, account_data.leverage_brackets),
    ("GET", "/fapi/v1/commissionRate", SIGNED, account_data.commission_rate),
    ("GET", "/fapi/v1/income", SIGNED, account_data.income),
    ("GET", "/sapi/v1/account/apiRestrictions", SIGNED, account_data.key_restrictions),
    ("POST", "/fapi/v1/listenKey", KEYED, _open_stream),
    ("PUT", "/fapi/v1/listenKey", KEYED, _keep_stream),
    ("DELETE", "/fapi/v1/listenKey", KEYED, _close_stream),
)
ROUTES = {(method, path): answer for method, path, _, answer in TABLE}
SECURITY = {(method, path): security for method, path, security, _ in TABLE}
