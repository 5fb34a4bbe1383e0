"""Failed runs are found by what they failed of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_pipeline_history_error_code",
        "pipeline_history",
        ["error_code", "created_at", "id"],
        unique=False,
        postgresql_where=sa.text("error_code IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_pipeline_history_error_code", table_name="pipeline_history", postgresql_where=sa.text("error_code IS NOT NULL"))
