"""Tickets and what is decided about them; owns the register of what is struck from a specialist's record."""

from services.support.app import service

__all__ = ["service"]
