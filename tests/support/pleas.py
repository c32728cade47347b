"""What intake says that opens a case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from libs.bus.ids import uuid7
from libs.events.intake import ClientRefused, DangerSignalled, RefusalCameLate, RequestOpened, SafetyConcernRaised
from services.support.domain.cases import Opening
from services.support.tables import CaseRow
from tests.people import ANNA, OLENA, THERAPY, Principal
from tests.support.scenes import hear

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
TICK = timedelta(microseconds=1)
KINDS = ("danger", "safety_concern", "refusal", "late_refusal")
CLINICAL, REFUSALS = KINDS[:2], KINDS[2:]


def plea(
    kind: str, request_id: UUID | None = None, *, by: Principal = ANNA, at: datetime = NOON, tenant: str = THERAPY
) -> Opening:
    """What intake says when this happens."""
    it: dict[str, Any] = {
        "tenant": tenant, "at": at, "request_id": request_id or uuid7(), "specialist_id": by.id,
    }  # fmt: skip
    match kind:
        case "danger":
            return DangerSignalled(**it, country="UA", locale="uk")
        case "safety_concern":
            return SafetyConcernRaised(**it, signs=("means", "plan"))
        case "refusal":
            return ClientRefused(**it, reason="values")
        case _:
            return RefusalCameLate(**it, reason="personal_trigger")


def asked(request_id: UUID, client: Principal = OLENA) -> RequestOpened:
    """The request that it is about."""
    return RequestOpened(
        tenant=client.tenant, at=NOON - HOUR, request_id=request_id, client_id=client.id, kind="chat",
        category="anxiety", locale="uk", one_off=False, reply_due=NOON,
    )  # fmt: skip


async def pleaded(service: Any, kind: str, **how: Any) -> str:
    """A case of Anna's and Olena's that has opened; its id."""
    said = plea(kind, **how)
    await hear(service, asked(said.request_id))
    await hear(service, said)
    (row,) = await cases(service, said.request_id)
    return str(row.id)


async def cases(service: Any, request_id: UUID | None = None) -> list[CaseRow]:
    """The rows."""
    asked_for = select(CaseRow).order_by(CaseRow.opened_at)
    if request_id is not None:
        asked_for = asked_for.where(CaseRow.request_id == request_id)
    async with service.database.session("*") as tx:
        return list(await tx.scalars(asked_for))
