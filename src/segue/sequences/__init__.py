"""What is listened to in order: song vectors, the network that follows a listener, neighbours of sequences.

`documents.py` makes ordered documents of playlists and listening; `vectors.py` learns a vector for each song
from them; `network.py` reads the last songs and puts out the taste vector; `counted.py` holds the neighbours
of sequences; `blend.py` joins them into what the radio asks.
"""
