"""The index of streams by listener is named after them, as a database that is made new has it."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.drop_index("ix_radios_listener", table_name="streams")
    op.create_index("ix_streams_listener", "streams", ["listener"])
