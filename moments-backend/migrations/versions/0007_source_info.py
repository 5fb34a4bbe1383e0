"""What a site tells of a video is kept"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("videos", sa.Column("source_info", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("videos", "source_info")
