"""What an operator can change."""

from pydantic import Field

from libs.kit.settings import ServiceSettings
from services.intake.domain import Rules


class Settings(ServiceSettings, env_prefix="INTAKE_"):
    """Set INTAKE_RULES__DAY_COOLDOWN=PT15M, INTAKE_FEED_KEEPS=5000, and so on."""

    rules: Rules = Field(default=Rules(), description="The house rules of every tenant that has none of its own.")
    tenant_rules: dict[str, Rules] = Field(
        default={}, description='A tenant\'s own rules, as JSON: {"care": {"zone": "Europe/Kyiv"}}.'
    )
    feed_keeps: int = Field(default=1000, ge=10, description="So many events back can a reader of the feed resume.")
    feed_shows: int = Field(default=500, ge=10, description="At most so many open requests, the newest, per tenant.")
    feed_queue: int = Field(default=256, ge=1, description="A reader this many events behind starts over.")

    def rules_for(self, tenant: str) -> Rules:
        """The rules that bind this tenant."""
        return self.tenant_rules.get(tenant, self.rules)
