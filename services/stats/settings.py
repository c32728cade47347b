"""What an operator can change about stats."""

from libs.kit.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="STATS_"):
    """Set STATS_DATABASE_URL to keep figures in a database of your own."""
