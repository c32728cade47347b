"""The demo world: a month of a marketplace that never was, and a journey through it that a newcomer can follow."""
