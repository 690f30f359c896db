"""Profile versions, experiments, and keys of requests that may come twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "profile_versions",
        sa.Column("name", Words, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "experiments",
        sa.Column("experiment_id", Words, primary_key=True),
        sa.Column("name", Words, nullable=False),
        sa.Column("status", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("stopped_at", sa.BigInteger),
        sa.Column("stopped_because", sa.Text),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
    )
    op.create_table(
        "experiment_arms",
        sa.Column(
            "experiment_id", Words, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("name", Words, nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
    )
    op.create_table(
        "experiment_assignments",
        sa.Column(
            "experiment_id", Words, sa.ForeignKey("experiments.experiment_id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("unit", Words, nullable=False),
        sa.Column("arm", Words, nullable=False),
        sa.Column("outcome", sa.Text),
    )
    op.create_index("assignments_by_unit", "experiment_assignments", ["experiment_id", "unit"], unique=True)
    op.create_table(
        "idempotency_keys",
        sa.Column("scope", Words, primary_key=True),
        sa.Column("key", Words, primary_key=True),
        sa.Column("body_sha256", Words, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.Text),
        sa.Column("answer", sa.Text),
    )


def downgrade() -> None:
    for name in ("idempotency_keys", "experiment_assignments", "experiment_arms", "experiments", "profile_versions"):
        op.drop_table(name)
