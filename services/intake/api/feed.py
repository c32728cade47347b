"""The feed of open requests, as server-sent events."""

from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Header, Query
from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse

from libs.kit.http import PUBLIC, Router, Specialist, Transaction, host
from libs.kit.problems import documented
from libs.kit.sql import EVERY_TENANT
from services.intake import commands, queries
from services.intake.api.house import resources_of
from services.intake.domain import NotEligible, OffDuty, Racer, TicketRefused
from services.intake.schemas import FeedTicket

routes = Router(prefix="/v1", tags=["race"])
HEADERS: Final = {"Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}
LONGEST_ID = 18  # digits: what a position can have
EXAMPLE = """\
event: request
data: {"id":"019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21","number":4017,"category":"grief","received_at":"2026-03-02T09:30:00Z","phone":true,"urgent":false}

id: 52
event: gone
data: {"id":"019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21"}

"""  # noqa: E501 - a line of the stream is one line


class Admitted(NamedTuple):
    """A reader whose ticket was good, and where they want to go on."""

    tenant: str
    racer: Racer
    after: int | None


async def admitted(
    connection: HTTPConnection,
    ticket: Annotated[str, Query(max_length=64)],
    header: Annotated[str | None, Header(alias="Last-Event-ID", max_length=64)] = None,
    query: Annotated[
        str | None, Query(alias="last_event_id", max_length=64, description="The same, for a new EventSource.")
    ] = None,
) -> Admitted:
    """Everything that can be refused is refused here, before a stream has begun."""
    async with host(connection).database.autocommit(EVERY_TENANT) as db:
        tenant, racer = await commands.admit(db, ticket)
    return Admitted(tenant, racer, _position(header or query))


Ticketed = Annotated[Admitted, Depends(admitted, scope="function")]


@routes.post("/feed-tickets", status_code=201, responses=documented(NotEligible, OffDuty))
async def issue_feed_ticket(specialist: Specialist, tx: Transaction) -> FeedTicket:
    """A ticket to the feed, for who is on duty: good once, for half a minute."""
    now, racer = await queries.moment(tx), await queries.racer_of(tx, specialist.id)
    if racer is None:
        raise NotEligible
    if not racer.on_duty(now):
        raise OffDuty
    ticket = await commands.issue_ticket(tx, specialist.id, tenant=specialist.tenant, now=now)
    return FeedTicket(ticket=ticket.secret, expires_at=ticket.expires_at)


@routes.get(
    "/feed",
    policy=PUBLIC,
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`request` shows a card, or shows it anew, `gone` takes it away, `reset` takes all away "
            "before what is open, and `off_duty` ends the stream with your duty. A reset shows the newest of your "
            "house, 500 by default. While more are open, an older one is shown whenever one of these goes; a card that "
            "you were shown stays until it is gone, and whoever resumes may be reset.",
            "content": {"text/event-stream": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **documented(TicketRefused, OffDuty),
    },
)
async def follow_feed(reader: Ticketed, connection: HTTPConnection) -> StreamingResponse:
    """Open requests as they come and go. A card has a number, a category, the arrival time and two marks."""
    stream = await resources_of(connection).hub.read(reader.tenant, reader.racer, reader.after)
    return StreamingResponse(stream, media_type="text/event-stream", headers=HEADERS)


def _position(last_event_id: str | None) -> int | None:
    """Where to go on; what is no position of ours begins anew."""
    known = last_event_id is not None and len(last_event_id) <= LONGEST_ID and last_event_id.isascii()
    return int(last_event_id) if known and last_event_id is not None and last_event_id.isdigit() else None
