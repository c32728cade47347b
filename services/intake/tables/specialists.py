"""What specialists say of their work, and how ready they are."""
