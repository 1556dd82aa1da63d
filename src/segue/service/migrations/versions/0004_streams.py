"""Radios and sessions are streams; what they serve is kept with what it was chosen from."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.rename_table("radios", "streams")
    op.rename_table("radio_tracks", "stream_tracks")
    op.execute("ALTER TABLE stream_tracks RENAME COLUMN radio TO stream")
    op.add_column("streams", sa.Column("kind", sa.String(10), nullable=False, server_default="radio"))
    op.add_column("streams", sa.Column("arm", sa.String(100), nullable=False, server_default=""))
    op.add_column("streams", sa.Column("ended_at", sa.Double))
    op.add_column("stream_tracks", sa.Column("pool", sa.Text))
    op.add_column("stream_tracks", sa.Column("chance", sa.Double))
    op.add_column("stream_tracks", sa.Column("stage", sa.SmallInteger))
