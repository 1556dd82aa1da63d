"""Song versions: remix, live, acoustic, remaster, cover and the rest, gathered under one work, reversibly.

`titles.parse_title` takes one title apart; `works.group` gathers tracks; `columns.assign_versions` fills the
columns `work_id` and `version` of the tracks table, and `columns.group_library` does so in a library. No
other column is changed.
"""
