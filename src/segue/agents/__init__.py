"""Agents that make a playlist track by track: an action-head DQN, and those that it must beat."""
