"""A moment says how surely its words were heard"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("moments", sa.Column("confidence", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("moments", "confidence")
