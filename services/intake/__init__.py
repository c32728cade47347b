"""Where clients ask for help and specialists race to give it; owns requests, the feed, cooldowns and sessions."""

from services.intake.app import service

__all__ = ["service"]
