"""The house rules as data: each number has the id of the rule it comes from, and each tenant may have its own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.intake.domain.rules.duty import DutyRules
from services.intake.domain.rules.orders import OrderRules
from services.intake.domain.rules.profile import ProfileRules
from services.intake.domain.rules.race import RaceRules, answer_due, cooldown, reply_due
from services.intake.domain.rules.sessions import SessionRules


@dataclass(frozen=True)
class Rules:
    """The house rules of one tenant, whole."""

    race: RaceRules = field(default_factory=RaceRules)
    sessions: SessionRules = field(default_factory=SessionRules)
    orders: OrderRules = field(default_factory=OrderRules)
    duty: DutyRules = field(default_factory=DutyRules)
    profile: ProfileRules = field(default_factory=ProfileRules)

    def forgets_presses_before(self, now: datetime) -> datetime:
        """What was pressed before this is read by nobody any more: neither by who lost, nor by the load chart."""
        return now - max(self.race.receipts_kept, timedelta(weeks=self.duty.chart_weeks + 1))


__all__ = [
    "DutyRules", "OrderRules", "ProfileRules", "RaceRules", "Rules", "SessionRules", "answer_due", "cooldown",
    "reply_due",
]  # fmt: skip
