"""ListenBrainz' API, for scrobblers and players with a settable address (docs/service.md).

It stands at `/1` and at `/apis/listenbrainz/1`, as at ListenBrainz itself and at Maloja and Koito.
"""
