"""Listening data: canonical tables, readers of other people's formats, song versions, track identity.

The way of a row: `sources.py` opens what the path holds, a reader in `readers/` says what it says
(`rows.py`), `staging.py` sets it aside, `identity.py` finds its track, `merging.py` drops what is already
there, and `store.py` commits the lot at once. `importing.py` is the sequence of these. What a play counts
for is decided when it is read, in `listening.py`.
"""

from segue.library.store import Library as Library
from segue.library.store import Writer as Writer
