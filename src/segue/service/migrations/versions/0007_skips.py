"""Listens of a track of the library itself: skips that are told over /v1."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("listens", sa.Column("track_id", sa.String(500)))
