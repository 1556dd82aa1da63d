"""Contract suites: what every reader, recommender, index, environment and agent must keep to."""
