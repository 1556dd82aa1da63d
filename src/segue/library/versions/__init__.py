"""Song versions: remix, live, acoustic, remaster, cover and the rest, gathered under one work, reversibly.

`parse_title` takes one title apart; `group` gathers tracks; `assign_versions` fills the columns `work_id`
and `version` of the tracks table, and `group_library` does so in a library. No other column is changed.
"""

from segue.library.versions.columns import assign_versions, group_library
from segue.library.versions.titles import ParsedTitle, parse_title
from segue.library.versions.words import KINDS, ORIGINAL
from segue.library.versions.works import Grouped, Recording, group

__all__ = [
    "KINDS",
    "ORIGINAL",
    "Grouped",
    "ParsedTitle",
    "Recording",
    "assign_versions",
    "group",
    "group_library",
    "parse_title",
]
