"""The rules of a list: what it leaves out and why, and what gives way when too little is left.

`Rules(context, config).choose(listening, candidates)` makes a list for one listener; `why_not` says of any
track what each rule has to say of it. `with_hubs` measures, over a batch, who would be on everybody's list.
"""

from segue.playlists.rules.choosing import Rules, Verdict
from segue.playlists.rules.config import RulesConfig
from segue.playlists.rules.context import Candidates, Context, Listening
from segue.playlists.rules.hubs import with_hubs
from segue.playlists.rules.making import FAMILIAR, RELAXED, Choice

__all__ = [
    "FAMILIAR",
    "RELAXED",
    "Candidates",
    "Choice",
    "Context",
    "Listening",
    "Rules",
    "RulesConfig",
    "Verdict",
    "with_hubs",
]
