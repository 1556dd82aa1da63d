"""A simulated world of listening: sessions answered by a law, such as a user model learned from logs."""
