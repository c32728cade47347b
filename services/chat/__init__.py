"""Conversations between the two sides of a request, which nobody else can read; owns who talks and what is said."""

from services.chat.app import service

__all__ = ["service"]
