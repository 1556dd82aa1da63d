"""Taste: song vectors from ordered documents, the recurrent network that follows a listener, taste profiles.

`documents.py` makes ordered documents of playlists and listening; `vectors.py` learns a vector for each song
from them; `network.py` reads the last songs and puts out the taste vector; `sequences.py` holds the
neighbours of sequences; `blend.py` joins them into what the radio asks. `profiles.py` groups what a listener
plays into tastes.
"""
