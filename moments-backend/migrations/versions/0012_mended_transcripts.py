"""A transcript says what was mended in its recogniser's answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("mended", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("transcripts", "mended")
