"""Histories of fills in the formats of venues, told apart by content (spec L7)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain.core.trade_sets import TradeSet
from exitbrain.errors import InvalidInput
from exitbrain.wiring.fills import fills_to_trade_sets, read_fills

OWN = """id,symbol,side,qty,price,fee,timestamp,fee_asset,trigger_id,category,reason
7,BTCUSDT,buy,1,40000,0.001,2024-01-01T00:00:00Z,BTC,e,other,e
8,BTCUSDT,sell,0.999,41000,20,2024-01-01T01:00:00Z,USDT,,plan,take_profit_1
"""
SPOT = """Date(UTC),Pair,Side,Price,Executed,Amount,Fee
2024-01-01 01:00:00,BTCUSDT,SELL,"41,000",0.9990000000BTC,40959.00000000USDT,20.00000000USDT
2024-01-01 00:00:00,BTCUSDT,BUY,"40,000.00",1.0000000000BTC,40000.00000000USDT,0.0010000000BTC
"""
SPOT_TWO_DIGIT_YEAR = """Time,Pair,Side,Price,Executed,Amount,Fee
24-01-01 00:00:00,BTCUSDT,BUY,40000,1 BTC,40000 USDT,0.001 BTC
24-01-01 01:00:00,BTCUSDT,SELL,41000,0.999 BTC,40959 USDT,20 USDT
"""
SPOT_BEFORE_2021 = """Date(UTC);Market;Type;Price;Amount;Total;Fee;Fee Coin
2024-01-01 00:00:00;BTCUSDT;BUY;40000;1;40000;0.001;BTC
2024-01-01 01:00:00;BTCUSDT;SELL;41000;0.999;40959;20;USDT
"""
API = [
    {
        "symbol": "BTCUSDT", "id": 7, "orderId": 1, "price": "40000", "qty": "1", "quoteQty": "40000",
        "commission": "0.001", "commissionAsset": "BTC", "time": 1704067200000, "isBuyer": True, "isMaker": False,
    },
    {
        "symbol": "BTCUSDT", "id": 8, "orderId": 2, "price": "41000", "qty": "0.999", "quoteQty": "40959",
        "commission": "20", "commissionAsset": "USDT", "time": 1704070800000, "isBuyer": False, "isMaker": True,
    },
]  # fmt: skip
CCXT = [
    {
        "id": "7", "order": "1", "info": {"foo": 1}, "timestamp": 1704067200000, "datetime": "2024-01-01T00:00:00.000Z",
        "symbol": "BTC/USDT", "type": "limit", "side": "buy", "takerOrMaker": "maker", "price": 40000.0, "amount": 1.0,
        "cost": 40000.0, "fee": {"cost": 0.001, "currency": "BTC"}, "fees": [],
    },
    {
        "id": "8", "order": "2", "info": {}, "timestamp": 1704070800000, "datetime": "2024-01-01T01:00:00.000Z",
        "symbol": "BTC/USDT", "type": "market", "side": "sell", "takerOrMaker": "taker", "price": 41000.0, "amount": 0.999,
        "cost": 40959.0, "fee": None, "fees": [{"cost": 15, "currency": "USDT"}, {"cost": 5, "currency": "USDT"}],
    },
]  # fmt: skip


def parquet(path: Path) -> None:
    rows = [
        {"id": 7, "symbol": "BTCUSDT", "side": "buy", "qty": 1.0, "price": 40000.0, "fee": 0.001, "fee_asset": "BTC"},
        {"id": 8, "symbol": "BTCUSDT", "side": "sell", "qty": 0.999, "price": 41000.0, "fee": 20.0, "fee_asset": None},
    ]
    times = pl.Series("timestamp", [1_704_067_200_000, 1_704_070_800_000]).cast(pl.Datetime("ms", "UTC"))
    pl.DataFrame(rows).with_columns(times).write_parquet(path)


def written(folder: Path, content: Any) -> Path:
    path = folder / "history"
    if callable(content):
        content(path)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def json_lines(rows: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(row) for row in rows)


@pytest.mark.parametrize(
    "content",
    [
        OWN, "\ufeff" + OWN, OWN.replace(",", "\t"), SPOT, SPOT_TWO_DIGIT_YEAR, SPOT_BEFORE_2021, API, {"trades": API},
        json_lines(API), CCXT, json_lines(CCXT), parquet,
    ],
    ids=[
        "own", "own with a mark", "own by tabs", "spot", "spot, short years", "older spot", "API", "API in an object",
        "API lines", "ccxt", "ccxt lines", "parquet",
    ],
)  # fmt: skip
def test_one_history_is_one_set_in_every_format(tmp_path, content):
    # 0.999 × 1000 = 999; fees 40 (0.001 BTC at its cost) + 20; net 939
    (one,), notes = fills_to_trade_sets(written(tmp_path, content))
    assert (one.pnl_realized_total, one.fees_total, one.pnl_net) == (999, 60, 939)
    assert (one.num_entries, one.num_exits, one.num_legs) == (1, 1, 3)
    assert one.to_dict()["opened_at"] == "2024-01-01T00:00:00Z"
    assert one.to_dict()["closed_at"] == "2024-01-01T01:00:00Z"
    assert notes[0].startswith("read as ")
    assert notes[0].endswith(": 2 fills of 1 symbol")


FUTURES = """Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Quote Asset
2024-01-01 02:00:00,ETHUSDT,BUY,1900,2,3800,1.9,USDT,200,USDT
2024-01-01 01:00:00,ETHUSDT,SELL,2000,1,2000,0.001,BNB,0,USDT
2024-01-01 01:00:00,ETHUSDT,SELL,2000,1,2000,1,USDT,0,USDT
"""


def test_a_futures_export_reads_and_prices_fees_in_a_third_asset_when_told(tmp_path):
    # short 2 @ 2000 covered at 1900: 200; fees 1.9 + 1 + 0.001 × 600
    (one,), notes = fills_to_trade_sets(written(tmp_path, FUTURES), fee_prices={"bnb": "600"})
    assert (one.side, one.pnl_realized_total, one.fees_total) == ("short", 200, Decimal("3.5"))
    # The file begins with the newest, so within one second the lower line was first.
    assert [str(leg.fees) for leg in one.legs] == ["1", "0.6", "1.9"]
    assert "the newest fill came first: turned round" in notes
    assert "fees in BNB priced at 600" in notes
    assert "the fills carry no ids: numbered from the oldest" in notes


def test_a_fee_in_a_third_asset_without_a_price_names_its_line(tmp_path):
    path = written(tmp_path, FUTURES)
    with pytest.raises(InvalidInput) as refused:
        fills_to_trade_sets(path)
    assert str(refused.value) == (
        f"{path}:3: fee_asset 'BNB' is neither ETH nor USDT of ETHUSDT; "
        "accepted: ETH, USDT, or fee_quote: what the fee was worth in USDT"
    )


def test_a_fee_that_is_no_number_is_refused_even_where_it_would_be_priced(tmp_path):
    path = written(tmp_path, FUTURES.replace("0.001,BNB", "little,BNB"))
    with pytest.raises(InvalidInput, match=r":3: fee is 'little'"):
        fills_to_trade_sets(path, fee_prices={"BNB": 600})


def test_glued_units_that_begin_with_digits_are_told_by_the_pair(tmp_path):
    text = (
        "Date(UTC),Pair,Side,Price,Executed,Amount,Fee\n2024-01-01 00:00:00,1INCHUSDT,BUY,0.5,101INCH,5USDT,0.011INCH\n"
    )
    (row,) = read_fills(written(tmp_path, text))
    assert (row["qty"], row["fee"], row["fee_asset"]) == ("10", "0.01", "1INCH")


def test_user_trades_of_a_hedged_account_keep_both_sides_apart(tmp_path):
    common = {"symbol": "BTCUSDT", "qty": "1", "commission": "0", "commissionAsset": "USDT", "realizedPnl": "0"}
    rows = [
        {
            **common,
            "id": 1,
            "side": "BUY",
            "positionSide": "LONG",
            "price": "100",
            "time": 1704067200000,
            "maker": True,
        },
        {**common, "id": 2, "side": "SELL", "positionSide": "SHORT", "price": "110", "time": 1704067200001},
        {**common, "id": 3, "side": "SELL", "positionSide": "LONG", "price": "120", "time": 1704067200002},
    ]
    found, notes = fills_to_trade_sets(written(tmp_path, rows))
    assert [(one.side, one.is_closed) for one in found] == [("long", True), ("short", False)]
    assert notes[-1] == "1 set still open"


def test_a_fill_given_twice_alike_is_taken_once_and_a_different_one_refused(tmp_path):
    # Exports overlap.
    found, notes = fills_to_trade_sets(written(tmp_path, [API[0], API[0], API[1]]))
    assert len(found) == 1
    assert "1 fill given more than once, alike in every column: taken once" in notes
    with pytest.raises(InvalidInput, match="row 2: id '7' of BTCUSDT was given before"):
        fills_to_trade_sets(written(tmp_path, [API[0], {**API[0], "qty": "2"}, API[1]]))


def test_flattened_ccxt_fees_and_cells_that_hold_dicts_are_read(tmp_path):
    head = "id,symbol,side,price,amount,cost,timestamp"
    flat = f"{head},fee.cost,fee.currency\n7,BTC/USDT,buy,40000,1,40000,1704067200000,4,USDT\n"
    cell = f"{head},fee\n7,BTC/USDT,buy,40000,1,40000,1704067200000,\"{{'cost': 4, 'currency': 'USDT'}}\"\n"
    for text in (flat, cell):
        (one,), _ = fills_to_trade_sets(written(tmp_path, text))
        assert one.fees_total == 4


def test_rows_that_were_read_make_the_same_sets(tmp_path):
    path = written(tmp_path, OWN)
    assert TradeSet.from_fills(read_fills(path)) == fills_to_trade_sets(path)[0]
    assert [leg.reason for leg in fills_to_trade_sets(path)[0][0].legs] == ["e", "base_fee", "take_profit_1"]


def test_the_fills_of_a_run_can_be_read_back(tmp_path):
    text = (
        "fill_id,time,symbol,side,qty,price,fee,maker,trigger_id,category,reason,set_id\n"
        "r-1,2024-01-01T00:00:00Z,TST,buy,1,100,0.05,false,e,other,e,s\n"
        "r-2,2024-01-01T01:00:00Z,TST,sell,1,110,0.02,true,,plan,take_profit_1,s\n"
    )
    (one,), _ = fills_to_trade_sets(written(tmp_path, text))
    assert (one.pnl_net, one.legs[1].trigger_id, one.legs[1].reason) == (Decimal("9.93"), None, "take_profit_1")


def test_doubts_are_said(tmp_path):
    rebates = OWN.replace(",20,", ",-20,").replace("0.001,2024", "-0.001,2024").replace("0.999", "1.001")
    _, notes = fills_to_trade_sets(written(tmp_path, rebates))
    assert "every fee is negative: taken as rebates" in notes
    _, notes = fills_to_trade_sets(written(tmp_path, [{**row, "symbol": "BTC/USDT:USDT"} for row in CCXT]))
    assert any("taken as base, not contracts" in note for note in notes)
    assert "BTC/USDT:USDT: tick 1 and lot 0.001 are the finest steps seen" in notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "history: the file is empty; accepted: CSV, JSON, JSON lines or Parquet"),
        ("[]", "history: no rows; accepted: at least one fill"),
        (OWN.splitlines()[0] + "\n", "history: no rows"),
        ("a,b\n1,2\n", "history: columns a, b are of no known history of fills: no symbol, side, qty, price, fee, timestamp"),
        (OWN.replace("qty", "qtty"), "qty (is it qtty?)"),
        (OWN + "9,BTCUSDT,buy\n", "history:4: 3 cells under 11 columns; accepted: one cell a column"),
        (OWN.replace(",sell,", ",short,"), "history:3: side is 'short'; accepted: buy or sell"),
        (OWN.replace("2024-01-01T01", "2024-13-01T01"), "history:3: timestamp is '2024-13-01T01:00:00Z'"),
        (OWN.replace("0.999", "-1"), "history:3: qty is '-1'; accepted: a number above 0"),
        (SPOT.replace("SELL", "GIVE"), "history:2: side is 'GIVE'"),
        (SPOT.replace("0.9990000000BTC", "lots"), "history:2: qty is 'lots'"),
        ('[{"id": 1,', "history:1: broken JSON"),
        ("[1]", "history: row 1: a fill is 1; accepted: an object with named fields"),
        (json_lines(API) + "\n{oops", "history:3: broken JSON"),
        ([{**API[0], "price": None}], "history: row 1: price missing"),
        ([{**CCXT[0], "fee": None, "fees": [{"cost": 1, "currency": "A"}, {"cost": 1, "currency": "B"}]}], "fees are in A, B"),
        ([{**API[0], "qty": float("nan")}], "history: row 1: qty missing"),
        ("[" * 100_000, "broken JSON"),
        ('[{"id": ' + "9" * 5000 + "}]", "broken JSON: a number too long"),
        ("PAR1 and then nothing", "the Parquet file cannot be read: cut short"),
        ("\0\1\2", "this is a binary file"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_a_line_that_says_why(tmp_path, content, message):
    with pytest.raises(InvalidInput) as refused:
        fills_to_trade_sets(written(tmp_path, content))
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_files_that_are_not_there_or_no_text_are_refused(tmp_path):
    for path, message in ((tmp_path / "none", "no such file"), (tmp_path, "cannot be read")):
        with pytest.raises(InvalidInput, match=message):
            read_fills(path)
    (tmp_path / "latin").write_bytes(b"id,symbol\n\xff\xfe,x\n")
    with pytest.raises(InvalidInput, match="no text in UTF-8"):
        read_fills(tmp_path / "latin")


TWICE = [
    ('[{"id": 1, "qty": "1"}, {"id": 2, "qty": "1", "qty": "2"}]', "row 2: key 'qty' twice"),
    ('{"id": 1, "qty": "1"}\n{"id": 2, "qty": "1", "qty": "2"}\n', "2: key 'qty' twice"),
    ("id,symbol,side,qty,price,fee,fee,timestamp\n1,T,buy,1,1,0,5,1704067200\n", "1: column 'fee' twice"),
]


@pytest.mark.parametrize(("text", "said"), TWICE)
def test_what_is_named_twice_is_refused_with_its_place(tmp_path, text, said):
    """spec F2: the last of two would be taken in silence"""
    with pytest.raises(InvalidInput, match=said):
        fills_to_trade_sets(written(tmp_path, text))
