"""The jobs: each takes a library the whole way through the rooms, for the command line and for services."""
