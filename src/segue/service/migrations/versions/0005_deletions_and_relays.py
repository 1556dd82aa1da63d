"""Listens to delete, and other servers to which listens are passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("listener", sa.String(200), nullable=False),
        sa.Column("listened_at", sa.BigInteger, nullable=False),
        sa.Column("msid", sa.String(36), nullable=False),
        sa.UniqueConstraint("listener", "listened_at", "msid", name="deletions_once"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "relays",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("listener", sa.String(200), nullable=False),
        sa.Column("address", sa.String(500), nullable=False),
        sa.Column("token", sa.String(200), nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sqlite_autoincrement=True,
    )
