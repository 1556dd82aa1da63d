"""Other people's players and services: weekly lists pushed to them, listening pulled from them.

An account (`accounts.py`) says which player, whose lists and where; its secret lies elsewhere
(`secrets.py`). Each kind of player is a module with a `Destination`, a `Source` or both (`base.py`), listed
in `kinds.py`. `pushing.py` and `pulling.py` are the ways of a list out and of listening in. What they did
they keep (`state.py`), so that nothing is pushed twice and what was broken off goes on.
"""

from segue.players.base import Destination as Destination
from segue.players.base import Page as Page
from segue.players.base import Receipt as Receipt
from segue.players.base import Source as Source
from segue.players.base import Standing as Standing
