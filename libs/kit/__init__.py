"""What every service stands on: HTTP, identity, the database, settings, and one process that holds them all."""
