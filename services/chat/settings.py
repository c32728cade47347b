"""What an operator can change about chat."""

from libs.kit.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="CHAT_"):
    """Set CHAT_DATABASE_URL to keep conversations in a database of your own."""
