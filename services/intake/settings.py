"""What an operator can change."""

from pydantic import Field, SecretStr

from libs.kit.settings import ServiceSettings


class Settings(ServiceSettings, env_prefix="INTAKE_"):
    """Set INTAKE_FEED_KEEPS=5000, and so on. The house rules are no settings but policies, which have versions."""

    contact_secrets: SecretStr | None = Field(
        default=None, description="Seal phone numbers: 32 characters or more; new ones in front, comma between."
    )
    feed_keeps: int = Field(default=1000, ge=10, description="So many events back can a reader of the feed resume.")
    feed_shows: int = Field(default=500, ge=10, description="At most so many open requests, the newest, per tenant.")
    feed_queue: int = Field(default=256, ge=1, description="A reader this many events behind starts over.")
