"""What an operator can change about support."""

from libs.kit.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="SUPPORT_"):
    """Set SUPPORT_DATABASE_URL to keep tickets in a database of your own."""
