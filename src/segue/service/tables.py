"""What the service keeps beside the library: tokens, listens that came in, radios and sessions.

Times are seconds since 1970, UTC. Changes of these tables come with a migration in `migrations/versions`.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
# SQLite numbers rows by itself only where the column is a plain INTEGER.
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _numbered() -> sa.Column:
    return sa.Column("id", _ID, primary_key=True, autoincrement=True)


TOKENS = sa.Table(
    "tokens",
    METADATA,
    _numbered(),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),  # SHA-256 of the token, hexadecimal
    sa.Column("listener", sa.String(200)),  # whose data it opens; null for none, or for everybody's
    sa.Column("everybody", sa.Boolean, nullable=False),
    sa.Column("scopes", sa.String(100), nullable=False),  # separated by spaces
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("revoked_at", sa.Double),
    sqlite_autoincrement=True,
)
LISTENS = sa.Table(
    "listens",
    METADATA,
    _numbered(),
    sa.Column("listener", sa.String(200), nullable=False),
    sa.Column("listened_at", sa.BigInteger, nullable=False),
    sa.Column("msid", sa.String(36), nullable=False),  # of artist and title: `listenbrainz.reading.msid`
    sa.Column("track_metadata", sa.Text, nullable=False),  # JSON, as it was sent
    sa.Column("received_at", sa.Double, nullable=False),
    sa.Column("taken_at", sa.Double),  # null until it is in the library
    sa.Column("problem", sa.Text),  # why the library would not take it
    sa.Column("track_id", sa.String(500)),  # of a skip of a track of the library itself, told over /v1
    sa.UniqueConstraint("listener", "listened_at", "msid", name="listens_once"),
    sqlite_autoincrement=True,
)
sa.Index("listens_taken", LISTENS.c.taken_at, LISTENS.c.id)
FEEDBACK = sa.Table(
    "feedback",
    METADATA,
    _numbered(),
    sa.Column("listener", sa.String(200), nullable=False),
    sa.Column("recording", sa.String(36), nullable=False),  # MBID or MSID
    sa.Column("score", sa.Integer, nullable=False),  # 1 love, 0 taken back, -1 hate
    sa.Column("row", sa.Text, nullable=False),  # JSON of ListenBrainz' feedback, with names where known
    sa.Column("given_at", sa.BigInteger, nullable=False),
    sa.Column("taken_at", sa.Double),
    sa.Column("problem", sa.Text),
    sa.UniqueConstraint("listener", "recording", name="feedback_once"),
    sqlite_autoincrement=True,
)
DELETIONS = sa.Table(  # of listens, until they are out of the library
    "deletions",
    METADATA,
    _numbered(),
    sa.Column("listener", sa.String(200), nullable=False),
    sa.Column("listened_at", sa.BigInteger, nullable=False),
    sa.Column("msid", sa.String(36), nullable=False),
    sa.UniqueConstraint("listener", "listened_at", "msid", name="deletions_once"),
    sqlite_autoincrement=True,
)
RELAYS = sa.Table(
    "relays",
    METADATA,
    _numbered(),
    sa.Column("listener", sa.String(200), nullable=False),
    sa.Column("address", sa.String(500), nullable=False),
    sa.Column("token", sa.String(200), nullable=False),  # of the other server, as it has to be sent
    sa.Column("sent", sa.BigInteger, nullable=False),  # id of the last listen that has arrived there
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    sa.Column("refused", sa.BigInteger, nullable=False),  # listens that the other server would not take
    sa.Column("problem", sa.Text, nullable=False),  # what it said last, where it went wrong
    sa.Column("next_at", sa.Double, nullable=False),  # not before then
    sqlite_autoincrement=True,
)
JOBS = sa.Table(
    "jobs",
    METADATA,
    _numbered(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),  # running, done, failed, stopped
    sa.Column("message", sa.Text, nullable=False),  # what it said last
    sa.Column("listens", sa.BigInteger, nullable=False),  # in the library when it began
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sqlite_autoincrement=True,
)
STREAMS = sa.Table(
    "streams",
    METADATA,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("listener", sa.String(200), nullable=False, index=True),
    sa.Column("kind", sa.String(10), nullable=False),  # radio, session
    sa.Column("asked", sa.Text, nullable=False),  # JSON of seeds and settings
    sa.Column("arm", sa.String(100), nullable=False),  # of a trial: its name, "/", a or b; else empty
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
)
STREAM_TRACKS = sa.Table(
    "stream_tracks",
    METADATA,
    sa.Column("stream", sa.String(36), sa.ForeignKey("streams.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),  # from 1
    sa.Column("track_id", sa.String(300), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("model", sa.String(200), nullable=False),
    sa.Column("pool", sa.Text),  # JSON: [track, score, expected, whole] of all it was chosen from
    sa.Column("chance", sa.Double),  # with which it was chosen from these
    sa.Column("served_at", sa.Double, nullable=False),
    sa.Column("skipped", sa.Boolean),  # null until it is answered
    sa.Column("stage", sa.SmallInteger),  # how far it was heard: `library.stages`
    sa.Column("answered_at", sa.Double),
)
