"""The tables. What is shown comes from `body`, the row as the run's file holds it; what is searched has a column.

A body is JSON text, so that a run read back is equal to what was written, whatever fields its version had. Columns
beside it are made from it and serve filters and sorting alone: times are whole microseconds since 1970, money is a
float, text is `searchable`. Rows of a run belong to one of its `results`, and `runs.result_key` says which of them
count. So a run that is computed again keeps what it had until the last new row is there.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

# Order by code points, in which both databases agree.
Words = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows by themselves only where the key's type is INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("run_id", Words, primary_key=True),
    Column("kind", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("owner", Words),
    Column("error", Text),
    Column("label", Words),
    Column("request", Text),
    Column("sources", Text),
    Column("symbols", Text, nullable=False),
    Column("timeframe", Words),
    Column("start", Words),
    Column("end", Words),
    Column("bars", BigInteger),
    Column("paths", Words),
    Column("num_sets", BigInteger),
    Column("net_pnl", Double),
    Column("net_r", Double),
    Column("net_r_mean", Double),
    Column("win_rate", Double),
    Column("max_drawdown", Double),
    Column("words", Words, nullable=False),
    Column("result_key", BigInteger),
    Index("runs_by_creation", "created_at"),
)

run_symbols = Table(
    "run_symbols",
    metadata,
    Column("run_id", Words, ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
    Column("symbol", Words, primary_key=True),
    Index("runs_by_symbol", "symbol"),
)

results = Table(
    "results",
    metadata,
    Column("result_key", Serial, primary_key=True, autoincrement=True),
    Column("run_id", Words, nullable=False),
    Column("description", Text),
    Column("metrics", Text),
    Column("timings", Text),
    Index("results_by_run", "run_id"),
)

# The tables below are written by the ten thousand and always with their result: no foreign keys, which would be asked
# at every row.
trade_sets = Table(
    "trade_sets",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("set_id", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("side", Words, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("profile", Words),
    Column("regime", Words),
    Column("strategy_id", Words),
    Column("left_by", Words),
    Column("num_legs", BigInteger, nullable=False),
    Column("hold_seconds", Double),
    Column("pnl_net", Double),
    Column("fees_total", Double),
    Column("r_multiple", Double),
    Column("mfe_r", Double),
    Column("mae_r", Double),
    Column("initial_risk", Double),
    Column("max_exposure_notional", Double),
    Column("words", Words, nullable=False),
    PrimaryKeyConstraint("result_key", "seq"),
    Index("trade_sets_by_id", "result_key", "set_id", unique=True),
    sqlite_with_rowid=False,
)

set_bodies = Table(
    "set_bodies",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("result_key", "seq"),
    sqlite_with_rowid=False,
)

# What the legs of a set say, each once: `field` is reason or category.
set_labels = Table(
    "set_labels",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("field", Words, nullable=False),
    Column("value", Words, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("result_key", "field", "value", "seq"),
    sqlite_with_rowid=False,
)

legs = Table(
    "legs",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("leg_id", Words, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("side", Words, nullable=False),
    Column("is_entry", Boolean, nullable=False),
    Column("trigger_id", Words),
    Column("category", Words),
    Column("reason", Words),
    Column("realized_pnl", Double),
    Column("r_multiple", Double),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("result_key", "seq", "number"),
    sqlite_with_rowid=False,
)

plans = Table(
    "plans",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("set_id", Words, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("result_key", "seq"),
    Index("plans_by_set", "result_key", "set_id"),
)

events = Table(
    "events",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("kind", Words, nullable=False),
    Column("symbol", Words),
    Column("set_id", Words),
    Column("trigger_id", Words),
    Column("category", Words),
    Column("reason", Words),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("result_key", "seq"),
    Index("events_by_set", "result_key", "set_id"),
    Index("events_by_kind", "result_key", "kind", "reason"),
)

run_files = Table(
    "run_files",
    metadata,
    Column("result_key", BigInteger, nullable=False),
    Column("name", Words, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("result_key", "name"),
)

profile_versions = Table(
    "profile_versions",
    metadata,
    Column("name", Words, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("note", Text),
)

experiments = Table(
    "experiments",
    metadata,
    Column("experiment_id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("status", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),
    Column("stopped_because", Text),
    Column("spec", Text, nullable=False),
    Column("result", Text),
)

experiment_arms = Table(
    "experiment_arms",
    metadata,
    Column("experiment_id", Words, ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("spec", Text, nullable=False),
)

experiment_assignments = Table(
    "experiment_assignments",
    metadata,
    Column("experiment_id", Words, ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("unit", Words, nullable=False),
    Column("arm", Words, nullable=False),
    Column("outcome", Text),
    Index("assignments_by_unit", "experiment_id", "unit", unique=True),
)

proposals = Table(
    "proposals",
    metadata,
    Column("proposal_id", Words, primary_key=True),
    Column("sha256", Words, nullable=False),
    Column("plan_id", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("judged_at", BigInteger),
    Column("text", Text, nullable=False),
    Column("spec", Text, nullable=False),
    Column("verdict", Text),
    Column("recording", Text),
    Index("proposals_by_creation", "created_at"),
)

proposal_steps = Table(
    "proposal_steps",
    metadata,
    Column("proposal_id", Words, ForeignKey("proposals.proposal_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("step", Words, nullable=False),
    Column("before", Words, nullable=False),
    Column("after", Words, nullable=False),
    Column("operator", Words, nullable=False),
    Column("consent", Words),
    Column("note", Text),
)

# The plan that a position began under stays its plan until it is closed, whatever comes into force meanwhile.
plan_pins = Table(
    "plan_pins",
    metadata,
    Column("position_key", Words, primary_key=True),
    Column("proposal_id", Words, ForeignKey("proposals.proposal_id"), nullable=False),
    Column("pinned_at", BigInteger, nullable=False),
    Column("released_at", BigInteger),
)

live_monitors = Table(
    "live_monitors",
    metadata,
    Column("monitor_id", Words, primary_key=True),
    Column("mode", Words, nullable=False),
    Column("venue", Words, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("heartbeat_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_because", Text),
    Column("config", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Index("live_monitors_by_start", "started_at"),
)


def _shown(name: str) -> Table:
    """What a monitor shows now, a row each."""
    return Table(
        name,
        metadata,
        Column("monitor_id", Words, ForeignKey("live_monitors.monitor_id"), primary_key=True),
        Column("id", Words, primary_key=True),
        Column("changed_at", BigInteger, nullable=False),
        Column("body", Text, nullable=False),
    )


live_positions = _shown("live_positions")
live_orders = _shown("live_orders")

live_events = Table(
    "live_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("monitor_id", Words, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("kind", Words, nullable=False),
    Column("key", Words),
    Column("text", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("live_events_by_kind", "kind", "seq"),
    Index("live_events_by_key", "key", "seq"),
)

# What operators asked for, and what became of it. Never deleted.
live_commands = Table(
    "live_commands",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("command_id", Words, nullable=False),
    Column("idempotency_key", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("body", Text, nullable=False),
    Column("asked_by", Words, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Words),
    Column("detail", Text),
    Index("live_commands_by_id", "command_id", unique=True),
    Index("live_commands_by_key", "idempotency_key", unique=True),
    Index("live_commands_by_end", "finished_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("body_sha256", Words, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("status", Integer),
    Column("headers", Text),
    Column("answer", Text),
)

# A latch change is an event; this says so to who asks in SQL.
LATCH_CHANGES = (
    "CREATE VIEW latch_changes AS SELECT result_key, seq, time, symbol, trigger_id, reason, body"
    " FROM events WHERE kind = 'latch'"
)

OF_A_RESULT = (trade_sets, set_bodies, set_labels, legs, plans, events, run_files)
