"""A simulated world of listening: sessions answered by a town's law, or by a user model learned from logs."""
