"""Playlists: candidates, rules, Discover Weekly; what is remembered of earlier weeks; writers for players."""
