"""Runs, their results, and the rows of each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", Words, primary_key=True),
        sa.Column("kind", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("owner", Words),
        sa.Column("error", sa.Text),
        sa.Column("label", Words),
        sa.Column("request", sa.Text),
        sa.Column("sources", sa.Text),
        sa.Column("symbols", sa.Text, nullable=False),
        sa.Column("timeframe", Words),
        sa.Column("start", Words),
        sa.Column("end", Words),
        sa.Column("bars", sa.BigInteger),
        sa.Column("paths", Words),
        sa.Column("num_sets", sa.BigInteger),
        sa.Column("net_pnl", sa.Double),
        sa.Column("net_r", sa.Double),
        sa.Column("net_r_mean", sa.Double),
        sa.Column("win_rate", sa.Double),
        sa.Column("max_drawdown", sa.Double),
        sa.Column("words", Words, nullable=False),
        sa.Column("result_key", sa.BigInteger),
    )
    op.create_index("runs_by_creation", "runs", ["created_at"])
    op.create_table(
        "run_symbols",
        sa.Column("run_id", Words, sa.ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("symbol", Words, primary_key=True),
    )
    op.create_index("runs_by_symbol", "run_symbols", ["symbol"])
    op.create_table(
        "results",
        sa.Column("result_key", Serial, primary_key=True, autoincrement=True),
        sa.Column("run_id", Words, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("metrics", sa.Text),
        sa.Column("timings", sa.Text),
    )
    op.create_index("results_by_run", "results", ["run_id"])
    op.create_table(
        "trade_sets",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("set_id", Words, nullable=False),
        sa.Column("symbol", Words, nullable=False),
        sa.Column("side", Words, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("profile", Words),
        sa.Column("regime", Words),
        sa.Column("strategy_id", Words),
        sa.Column("left_by", Words),
        sa.Column("num_legs", sa.BigInteger, nullable=False),
        sa.Column("hold_seconds", sa.Double),
        sa.Column("pnl_net", sa.Double),
        sa.Column("fees_total", sa.Double),
        sa.Column("r_multiple", sa.Double),
        sa.Column("mfe_r", sa.Double),
        sa.Column("mae_r", sa.Double),
        sa.Column("initial_risk", sa.Double),
        sa.Column("max_exposure_notional", sa.Double),
        sa.Column("words", Words, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("trade_sets_by_id", "trade_sets", ["result_key", "set_id"], unique=True)
    op.create_table(
        "set_bodies",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "set_labels",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("field", Words, nullable=False),
        sa.Column("value", Words, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "field", "value", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "legs",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("leg_id", Words, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("side", Words, nullable=False),
        sa.Column("is_entry", sa.Boolean, nullable=False),
        sa.Column("trigger_id", Words),
        sa.Column("category", Words),
        sa.Column("reason", Words),
        sa.Column("realized_pnl", sa.Double),
        sa.Column("r_multiple", sa.Double),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "seq", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "plans",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("set_id", Words, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "seq"),
    )
    op.create_index("plans_by_set", "plans", ["result_key", "set_id"])
    op.create_table(
        "events",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("symbol", Words),
        sa.Column("set_id", Words),
        sa.Column("trigger_id", Words),
        sa.Column("category", Words),
        sa.Column("reason", Words),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "seq"),
    )
    op.create_index("events_by_set", "events", ["result_key", "set_id"])
    op.create_index("events_by_kind", "events", ["result_key", "kind", "reason"])
    op.create_table(
        "run_files",
        sa.Column("result_key", sa.BigInteger, nullable=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("sha256", Words, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("result_key", "name"),
    )
    op.execute(
        "CREATE VIEW latch_changes AS SELECT result_key, seq, time, symbol, trigger_id, reason, body"
        " FROM events WHERE kind = 'latch'"
    )


def downgrade() -> None:
    op.execute("DROP VIEW latch_changes")
    for name in (
        "run_files",
        "events",
        "plans",
        "legs",
        "set_labels",
        "set_bodies",
        "trade_sets",
        "results",
        "run_symbols",
        "runs",
    ):
        op.drop_table(name)
