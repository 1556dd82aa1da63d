"""Keeping a library whole: forgetting a listener, finding damage and repairing it."""
