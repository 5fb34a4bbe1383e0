"""A moment says why its clip can't be cut"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("moments", sa.Column("clip_error", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("moments", "clip_error")
