"""Runs wait for a service that is away; which services have answered is remembered; answered parts of a recording are kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.add_column("pipeline_history", sa.Column("waiting_for", sa.String(), nullable=True))
    op.add_column("pipeline_history", sa.Column("waiting_since", time, nullable=True))
    op.add_column("pipeline_history", sa.Column("retry_at", time, nullable=True))
    op.add_column("pipeline_history", sa.Column("waits", sa.BigInteger, nullable=False, server_default=sa.text("0")))
    op.create_table(
        "model_places",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("answered_at", time, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("key", "place", name="pk_model_places"),
        sa.ForeignKeyConstraint(["key"], ["model_configs.key"], name="fk_model_places_key", ondelete="CASCADE"),
    )
    op.create_table(
        "transcript_parts",
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "digest", name="pk_transcript_parts"),
        sa.ForeignKeyConstraint(["run_id"], ["pipeline_history.id"], name="fk_transcript_parts_run_id", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("transcript_parts")
    op.drop_table("model_places")
    for column in ("waits", "retry_at", "waiting_since", "waiting_for"):
        op.drop_column("pipeline_history", column)
