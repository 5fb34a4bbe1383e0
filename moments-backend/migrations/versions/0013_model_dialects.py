"""What chat servers refuse of a question is learned once, by the model's entry and the place it leads to"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_dialects",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("model_name", sa.String(), nullable=False),
        sa.Column("learned", JSONB(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("key", "place", "model_name", name="pk_model_dialects"),
        sa.ForeignKeyConstraint(["key"], ["model_configs.key"], name="fk_model_dialects_key", ondelete="CASCADE"),
    )


def downgrade() -> None:
    op.drop_table("model_dialects")
