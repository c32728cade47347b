"""Tickets and cases, and what becomes of them; owns the register of what is struck from a specialist's record."""

from services.support.app import service

__all__ = ["service"]
