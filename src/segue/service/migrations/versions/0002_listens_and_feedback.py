"""Listens and feedback that came in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "listens",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("listener", sa.String(200), nullable=False),
        sa.Column("listened_at", sa.BigInteger, nullable=False),
        sa.Column("msid", sa.String(36), nullable=False),
        sa.Column("track_metadata", sa.Text, nullable=False),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("taken_at", sa.Double),
        sa.Column("problem", sa.Text),
        sa.UniqueConstraint("listener", "listened_at", "msid", name="listens_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("listens_taken", "listens", ["taken_at", "id"])
    op.create_table(
        "feedback",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("listener", sa.String(200), nullable=False),
        sa.Column("recording", sa.String(36), nullable=False),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("given_at", sa.BigInteger, nullable=False),
        sa.Column("taken_at", sa.Double),
        sa.Column("problem", sa.Text),
        sa.UniqueConstraint("listener", "recording", name="feedback_once"),
        sqlite_autoincrement=True,
    )
