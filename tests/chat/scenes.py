"""What tests of chat begin with."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from libs.bus.ids import uuid7
from libs.bus.testing import deliver
from libs.events import Envelope, Event
from libs.events.intake import Release, RequestAccepted, RequestReleased, RequestWithdrawn
from services.chat.consumers import consumers
from tests.people import ANNA, OLENA, Principal

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def accepted(
    request_id: UUID | None = None, *, by: Principal = ANNA, client: Principal = OLENA, after: int = 0
) -> RequestAccepted:
    return RequestAccepted(
        tenant=client.tenant, at=NOW + timedelta(seconds=after), request_id=request_id or uuid7(),
        specialist_id=by.id, client_id=client.id, kind="chat", one_off=False, opened_at=NOW,
        reply_due=NOW + timedelta(seconds=after + 30),
    )  # fmt: skip


def released(
    request_id: UUID, *, of: Principal = ANNA, after: int = 30, reason: Release = "silent", tenant: str = ANNA.tenant
) -> RequestReleased:
    return RequestReleased(
        tenant=tenant, at=NOW + timedelta(seconds=after), request_id=request_id, specialist_id=of.id, reason=reason,
        again=True,
    )  # fmt: skip


def withdrawn(request_id: UUID, *, of: Principal | None = ANNA, after: int = 30) -> RequestWithdrawn:
    return RequestWithdrawn(
        tenant=ANNA.tenant,
        at=NOW + timedelta(seconds=after),
        request_id=request_id,
        specialist_id=of.id if of else None,
    )


async def hear(service: Any, what: Event | Envelope) -> Envelope:
    return await deliver(what, consumers, service.database.sessions)


async def conversation(service: Any, **changes: Any) -> UUID:
    event = accepted(**changes)
    await hear(service, event)
    return event.request_id


async def say(
    client: AsyncClient, headers: dict[str, str], conversation_id: UUID, body: Any, key: UUID | None = None
) -> Response:
    message = {"client_message_id": str(key or uuid7()), "body": body}
    return await client.post(f"conversations/{conversation_id}/messages", json=message, headers=headers)


async def heard(client: AsyncClient, headers: dict[str, str], conversation_id: UUID, **query: int) -> dict[str, Any]:
    answer = await client.get(f"conversations/{conversation_id}/messages", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
