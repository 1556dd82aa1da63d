"""Tokens and radios."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("listener", sa.String(200)),
        sa.Column("everybody", sa.Boolean, nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "radios",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("listener", sa.String(200), nullable=False, index=True),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_table(
        "radio_tracks",
        sa.Column("radio", sa.String(36), sa.ForeignKey("radios.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("track_id", sa.String(300), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("served_at", sa.Double, nullable=False),
        sa.Column("skipped", sa.Boolean),
        sa.Column("answered_at", sa.Double),
    )
