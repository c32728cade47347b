"""Rows: requests and their race, specialists and their readiness, the feed's log, sessions, orders."""

from services.intake.tables import orders, sessions, specialists
from services.intake.tables.base import Base
from services.intake.tables.farewells import FarewellRow
from services.intake.tables.feed import FEED_POSITIONS, FeedEntryRow, FeedTicketRow
from services.intake.tables.race import PressRow, SpecialistRow
from services.intake.tables.requests import POLICIES, AvoidanceRow, BarRow, RequestRow, RevealRow
from services.intake.tables.sessions import MergeRow, PurchaseRow, RefusalRow, SessionRow

__all__ = [
    "FEED_POSITIONS", "POLICIES", "AvoidanceRow", "BarRow", "Base", "FarewellRow", "FeedEntryRow", "FeedTicketRow",
    "MergeRow", "PressRow", "PurchaseRow", "RefusalRow", "RequestRow", "RevealRow", "SessionRow", "SpecialistRow",
    "orders", "sessions", "specialists",
]  # fmt: skip
