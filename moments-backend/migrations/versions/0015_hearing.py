"""A transcript says its languages, what was not understood and what was dropped"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("hearing", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("transcripts", "hearing")
