"""Written plans, the steps they took, and which plan a position began under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "proposals",
        sa.Column("proposal_id", Words, primary_key=True),
        sa.Column("sha256", Words, nullable=False),
        sa.Column("plan_id", Words, nullable=False),
        sa.Column("state", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("judged_at", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("recording", sa.Text),
    )
    op.create_index("proposals_by_creation", "proposals", ["created_at"])
    op.create_table(
        "proposal_steps",
        sa.Column("proposal_id", Words, sa.ForeignKey("proposals.proposal_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("step", Words, nullable=False),
        sa.Column("before", Words, nullable=False),
        sa.Column("after", Words, nullable=False),
        sa.Column("operator", Words, nullable=False),
        sa.Column("consent", Words),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "plan_pins",
        sa.Column("position_key", Words, primary_key=True),
        sa.Column("proposal_id", Words, sa.ForeignKey("proposals.proposal_id"), nullable=False),
        sa.Column("pinned_at", sa.BigInteger, nullable=False),
        sa.Column("released_at", sa.BigInteger),
    )


def downgrade() -> None:
    for name in ("plan_pins", "proposal_steps", "proposals"):
        op.drop_table(name)
