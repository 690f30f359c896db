"""What a live monitor shows of itself, and what operators ask of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "live_monitors",
        sa.Column("monitor_id", Words, primary_key=True),
        sa.Column("mode", Words, nullable=False),
        sa.Column("venue", Words, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("ended_because", sa.Text),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_index("live_monitors_by_start", "live_monitors", ["started_at"])
    for name in ("live_positions", "live_orders"):
        op.create_table(
            name,
            sa.Column("monitor_id", Words, sa.ForeignKey("live_monitors.monitor_id"), primary_key=True),
            sa.Column("id", Words, primary_key=True),
            sa.Column("changed_at", sa.BigInteger, nullable=False),
            sa.Column("body", sa.Text, nullable=False),
        )
    op.create_table(
        "live_events",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("monitor_id", Words, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("key", Words),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("live_events_by_kind", "live_events", ["kind", "seq"])
    op.create_index("live_events_by_key", "live_events", ["key", "seq"])
    op.create_table(
        "live_commands",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("command_id", Words, nullable=False),
        sa.Column("idempotency_key", Words, nullable=False),
        sa.Column("kind", Words, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("asked_by", Words, nullable=False),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("outcome", Words),
        sa.Column("detail", sa.Text),
    )
    op.create_index("live_commands_by_id", "live_commands", ["command_id"], unique=True)
    op.create_index("live_commands_by_key", "live_commands", ["idempotency_key"], unique=True)
    op.create_index("live_commands_by_end", "live_commands", ["finished_at"])


def downgrade() -> None:
    for name in ("live_commands", "live_events", "live_orders", "live_positions", "live_monitors"):
        op.drop_table(name)
