"""Audio files at home: which there are, what their tags say, and which track of the library each one is.

`scan` walks folders (`walk.py`), reads the tags of what is new or changed (`tags.py`), and finds each file's
track by the rule that holds for every source (`matching.py`, `identity.py`). `sounds` measures what files
sound like (`sound.py`), in processes, and gives it to the tracks that they are (`sounding.py`). It stands in
this room because tags are one more thing that others wrote and the table `files` is one more canonical table:
rules, lists and players, further down, only read it.
"""
