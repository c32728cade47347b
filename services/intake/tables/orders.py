"""Orders and their queues."""
