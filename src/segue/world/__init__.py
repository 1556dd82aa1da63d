"""A simulated world of listening: sessions answered by a town's law, or by a user model learned from logs.

With Gymnasium installed (the extra `world`), importing this registers `Playlist-v0`.
"""

from importlib.util import find_spec

if find_spec("gymnasium") is not None:
    import gymnasium

    gymnasium.register(
        id="Playlist-v0",
        entry_point="segue.world.environment:PlaylistEnv",
        vector_entry_point="segue.world.environment:PlaylistVectorEnv",
    )
