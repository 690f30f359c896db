"""Which commands there are. Nothing here, or in what it imports, loads arrays, frames, models or the kernel."""

from __future__ import annotations

import typer

from exitbrain.cli.about import doctor_command, version_command
from exitbrain.cli.compare import compare_command
from exitbrain.cli.demo import demo_command
from exitbrain.cli.imports import import_app
from exitbrain.cli.journal import journal_app
from exitbrain.cli.live import live_command, watchdog_command
from exitbrain.cli.live_commands import flatten_command, kill_command, latch_app
from exitbrain.cli.parity import parity_command
from exitbrain.cli.plan import plan_app
from exitbrain.cli.profiles import profiles_app
from exitbrain.cli.rules import features_command, rules_app
from exitbrain.cli.runs import backtest_command, events_command, explain_command, report_command, trades_command
from exitbrain.cli.serve import serve_command
from exitbrain.cli.simulate import simulate_command
from exitbrain.cli.store import store_app
from exitbrain.cli.strategist import strategist_app
from exitbrain.cli.sweep import sweep_command, tune_command
from exitbrain.cli.venue_sim import venue_sim_command

app = typer.Typer(
    name="exitbrain",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Plans, decides, executes, accounts for and judges exits.",
    epilog="Example: exitbrain demo",
)
app.command(
    "demo",
    short_help="Run the ladders over real candles; serve the report.",
    epilog="Example: exitbrain demo --no-serve --out demo-out",
)(demo_command)
app.command(
    "backtest",
    short_help="Run entries or a plan over candles.",
    epilog="Example: exitbrain backtest --candles BTCUSDT_15m.parquet --entries entries.csv --paths both --out out",
)(backtest_command)
app.command(
    "compare",
    short_help="Run several exit policies on the same entries.",
    epilog="Example: exitbrain compare --candles BTCUSDT_15m.parquet --plan plan.yaml --policy ladder.yaml "
    "--policy emergency-only --out out",
)(compare_command)
app.command(
    "sweep",
    short_help="Try many profiles and settings on the same entries.",
    epilog="Example: exitbrain sweep --space space.yaml --candles BTCUSDT_15m.parquet --entries entries.csv --out swept",
)(sweep_command)
app.command(
    "tune",
    short_help="Choose among many on some days, judge on others.",
    epilog="Example: exitbrain tune --space space.yaml --candles BTCUSDT_15m.parquet --entries entries.csv --out tuned",
)(tune_command)
app.command("trades", epilog="Example: exitbrain trades out --expand")(trades_command)
app.command("events", epilog="Example: exitbrain events out --reason cooldown")(events_command)
app.command(
    "explain",
    short_help="Tell why a run did, or did not, exit.",
    epilog="Example: exitbrain explain out --symbol BTCUSDT --at 2024-01-01T04:00:00Z",
)(explain_command)
app.command(
    "parity",
    short_help="Compare a run's exits with the live monitor's.",
    epilog="Example: exitbrain parity out",
)(parity_command)
app.command("report", short_help="Make a run's report again.", epilog="Example: exitbrain report out")(report_command)
app.add_typer(store_app, name="runs", epilog="Example: exitbrain runs list --symbol BTCUSDT --sort -net_r")
app.add_typer(profiles_app, name="profiles", epilog="Example: exitbrain profiles show TREND_DEFAULT")
app.add_typer(
    plan_app, name="plan", epilog="Example: exitbrain plan show TREND_DEFAULT --entry 50000 --side long --stop 2%"
)
app.add_typer(
    import_app, name="import", epilog="Example: exitbrain import binance BTCUSDT-1m-2024-01.zip --out b.parquet"
)
app.add_typer(
    strategist_app,
    name="strategist",
    epilog="Example: exitbrain strategist propose --from-template trend --candles BTCUSDT_1h.parquet --out plan.yaml",
)
app.add_typer(rules_app, name="rules", epilog='Example: exitbrain rules check "close > ema_50"')
app.command("features", short_help="List what a rule may name.", epilog="Example: exitbrain features --json")(
    features_command
)
app.command(
    "serve",
    short_help="Serve the API and the web UI on this machine.",
    epilog="Example: exitbrain serve --port 8321 --no-open",
)(serve_command)
app.command(
    "live",
    short_help="Look after open positions, on paper or at a venue.",
    epilog="Example: exitbrain live --mode paper",
)(live_command)
app.command(
    "watchdog",
    short_help="Place the last stop where a monitor does not.",
    epilog="Example: exitbrain watchdog",
)(watchdog_command)
app.command(
    "venue-sim",
    short_help="Serve a simulated futures venue over candles.",
    epilog="Example: exitbrain venue-sim --candles BTCUSDT_1m.parquet --speed 60",
)(venue_sim_command)
app.add_typer(latch_app, name="latch", epilog="Example: exitbrain latch show")
app.command(
    "kill",
    short_help="Pause a live monitor's ladders and rules.",
    epilog='Example: exitbrain kill --note "the venue answers oddly"',
)(kill_command)
app.command(
    "flatten",
    short_help="Close a position of a live monitor.",
    epilog="Example: exitbrain flatten BTCUSDT",
)(flatten_command)
app.add_typer(journal_app, name="journal", epilog="Example: exitbrain journal verify live.journal")
app.command("doctor", short_help="Check this installation.", epilog="Example: exitbrain doctor")(doctor_command)
app.command("version", epilog="Example: exitbrain version --json")(version_command)
app.command(
    "simulate",
    short_help="Play the live core under seeded faults.",
    epilog="Example: exitbrain simulate --seeds 1000",
)(simulate_command)
