"""A client who came a second time by mistake: the later engagement is part of the earlier one (R3, D12)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.events.intake import EngagementMerged
from libs.kit.errors import Conflict
from services.intake.domain.engagements import Engagement, EngagementEnded
from services.intake.domain.requests import RequestClosed


class NotLinked(Conflict):
    """This request is not known as a later one of a client of yours."""


class NotMerged(Conflict):
    """This request is not part of another one."""


class PaidHere(Conflict):
    """A session was paid under this request, so it is no mistake. If it was not paid, take that back first."""


class OthersMergedHere(Conflict):
    """Another request is part of this one. Take that back first."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Where a request belongs; a register whose greater version is the truth."""

    request_id: UUID
    specialist_id: UUID
    into_request_id: UUID
    version: int
    merged: bool


def merge(
    later: Engagement, earlier: Engagement, before: Merge | None, *, others: bool, now: datetime
) -> EngagementMerged:
    """The specialist of both says that the later is the earlier's mistake.

    What was refused stays refused and what was paid stays paid, so an engagement of which either is said is none.
    """
    if earlier.request.accepted_by != later.specialist_id:
        raise NotLinked
    if earlier.request.closed_at is not None:
        raise RequestClosed
    if earlier.refusal is not None or later.refusal is not None:
        raise EngagementEnded
    if later.paid:
        raise PaidHere
    if others:
        raise OthersMergedHere
    return _said(later, earlier, before, now, merged=True)


def part(later: Engagement, earlier: Engagement, before: Merge, *, now: datetime) -> EngagementMerged:
    """It was none after all. What was paid meanwhile was paid to the earlier one."""
    if earlier.refusal is not None:
        raise EngagementEnded
    return _said(later, earlier, before, now, merged=False)


def _said(
    later: Engagement, earlier: Engagement, before: Merge | None, now: datetime, *, merged: bool
) -> EngagementMerged:
    return EngagementMerged(
        tenant=later.request.tenant, at=now, request_id=later.request.id, specialist_id=later.specialist_id,
        into_request_id=earlier.request.id, version=before.version + 1 if before else 1, merged=merged,
    )  # fmt: skip
