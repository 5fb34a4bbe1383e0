from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from videomoments.db.tables.base import Table


class MetricTotal(Table):
    """A counter over all processes of the installation, including ended ones. `labels` is a JSON object with sorted names."""

    __tablename__ = "metric_totals"

    name: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[float]
