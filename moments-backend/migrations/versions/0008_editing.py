"""Moments can be deleted and brought back; an edited transcript says so"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("moments", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_moments_deleted_at", "moments", ["deleted_at"], postgresql_where=sa.text("deleted_at IS NOT NULL"))
    op.add_column("transcripts", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("transcripts", "edited_at")
    op.drop_index("ix_moments_deleted_at", "moments")
    op.drop_column("moments", "deleted_at")
