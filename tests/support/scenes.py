"""What tests of support begin with."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from libs.bus.ids import uuid7
from libs.bus.testing import deliver, outbox
from libs.events import Envelope, Event
from libs.events.intake import RequestAccepted
from services.support.consumers import consumers
from tests.people import ANNA, OLENA, Principal

OPENED = datetime(2026, 2, 11, 9, 30, tzinfo=UTC)
EXPLANATION = "They wrote that they were only trying the site out."
EVIDENCE = "Screenshot of the whole chat."


def accepted(request_id: UUID | None = None, *, by: Principal = ANNA, client: Principal = OLENA) -> RequestAccepted:
    return RequestAccepted(
        tenant=client.tenant, at=OPENED + timedelta(seconds=12), request_id=request_id or uuid7(), specialist_id=by.id,
        client_id=client.id, kind="chat", one_off=False, opened_at=OPENED, reply_due=OPENED + timedelta(seconds=30),
    )  # fmt: skip


async def hear(service: Any, what: Event | Envelope) -> Envelope:
    return await deliver(what, consumers, service.database.sessions)


async def request_of(service: Any, **changes: Any) -> UUID:
    event = accepted(**changes)
    await hear(service, event)
    return event.request_id


async def said(service: Any) -> list[Event]:
    return [envelope.data for envelope in await outbox(service.database.engine)]


class Desk:
    """Somebody at the support API, with the headers that their requests carry."""

    def __init__(self, client: AsyncClient, headers: dict[str, str]) -> None:
        self.client, self.headers = client, headers

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(
            path, json=body, headers=self.headers | {"Idempotency-Key": key or str(uuid7())} | named
        )

    async def get(self, path: str, **query: Any) -> Response:
        return await self.client.get(path, headers=self.headers, params=query)

    async def ask(self, request_id: UUID, /, **changes: Any) -> Response:
        asked = {"request_id": str(request_id), "ground": "platform_test", "explanation": EXPLANATION}
        return await self.post("tickets", asked | {"evidence": EVIDENCE} | changes)

    async def ticket(self, request_id: UUID, **changes: Any) -> str:
        answer = await self.ask(request_id, **changes)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    async def seen(self, ticket_id: str) -> str:
        """The ETag of a ticket."""
        return (await self.get(f"tickets/{ticket_id}")).headers["ETag"]

    async def decide(self, ticket_id: str, if_match: str | None = None, **verdict: Any) -> Response:
        if_match = if_match or await self.seen(ticket_id)
        return await self.post(f"tickets/{ticket_id}/decision", verdict or {"outcome": "excluded"}, If_Match=if_match)

    async def reinstate(self, ticket_id: str, if_match: str | None = None) -> Response:
        if_match = if_match or await self.seen(ticket_id)
        return await self.post(f"tickets/{ticket_id}/reinstatement", If_Match=if_match)

    async def case(self, case_id: str) -> Response:
        return await self.get(f"cases/{case_id}")

    async def take(self, case_id: str, if_match: str | None = '"1"') -> Response:
        return await self._change("PUT", case_id, if_match)

    async def give_back(self, case_id: str, if_match: str | None = '"2"') -> Response:
        return await self._change("DELETE", case_id, if_match)

    async def close(
        self, case_id: str, outcome: str = "other", if_match: str | None = '"2"', *, key: str | None = None
    ) -> Response:
        named = {"If_Match": if_match} if if_match else {}
        return await self.post(f"cases/{case_id}/closure", {"outcome": outcome}, key=key, **named)

    async def reopen(
        self, case_id: str, reason: str = "closed_by_mistake", if_match: str | None = '"3"', *, key: str | None = None
    ) -> Response:
        named = {"If_Match": if_match} if if_match else {}
        return await self.post(f"cases/{case_id}/reopening", {"reason": reason}, key=key, **named)

    async def _change(self, method: str, case_id: str, if_match: str | None) -> Response:
        headers = self.headers | ({"If-Match": if_match} if if_match else {})
        return await self.client.request(method, f"cases/{case_id}/taking", headers=headers)

    async def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        items: list[dict[str, Any]] = []
        while True:
            page = (await self.get(path, **query)).json()
            items += page["items"]
            if page["next"] is None:
                return items
            query["cursor"] = page["next"]
