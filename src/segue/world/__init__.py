"""A simulated world of listening: sessions answered by a law, such as a user model learned from logs.

With Gymnasium installed (the extra `world`), importing this registers `Playlist-v0`.
"""

from importlib.util import find_spec

if find_spec("gymnasium") is not None:
    import gymnasium

    gymnasium.register(
        id="Playlist-v0",
        # Looked up when one is made: where no world is given, it is that of a small simulated town.
        entry_point="segue.town.demo_world:playlist_env",
        vector_entry_point="segue.town.demo_world:playlist_vector_env",
    )
