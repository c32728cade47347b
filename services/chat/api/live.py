"""The live connection: what is said arrives as it is said, in order, and after a break from where one was."""

import asyncio
import json
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg
import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from libs.bus.outbox import nudge
from libs.kit.errors import DomainError
from libs.kit.http import PUBLIC, Router, Transaction, host
from libs.kit.problems import documented, of_domain, of_failure, of_validation, passing
from libs.kit.sql import EVERY_TENANT
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Resources, Someone, resources_of
from services.chat.api.hub import Socket, framed
from services.chat.commands import TicketRefused
from services.chat.domain import ConversationUnknown
from services.chat.queries import Room
from services.chat.schemas import FRAME, HELLO, Hello, LiveTicket, Read, Receipt, Send, Typing

routes = Router(prefix="/v1", tags=["messages"])
HELLO_WITHIN: Final = 10.0  # seconds
LONGEST_TAIL: Final = 1000  # messages that a resuming connection is handed; who lacks more reads them by pages
FRAMES_A_SECOND: Final = 50
ENDS_WITHIN: Final = 1.0  # seconds
TYPING_EVERY: Final = 1.0  # seconds
CLOSES: Final = {
    "ticket_refused": 4401, "not_yours": 4404, "malformed": 4400, "too_fast": 4429, "closing": 1001, "failed": 1011,
}  # fmt: skip
log = structlog.get_logger()


@routes.post(
    "/conversations/{conversation_id}/live-tickets", status_code=201, responses=documented(ConversationUnknown)
)
async def issue_live_ticket(conversation_id: ConversationId, reader: Someone, tx: Transaction) -> LiveTicket:
    """A ticket to the live connection, good once, for half a minute.

    Open `/v1/conversations/{id}/live` as a WebSocket and send
    `{"type": "hello", "ticket": "…", "after_seq": 7}` first. See docs/live.md for all frames.
    """
    await queries.conversation(tx, conversation_id, reader)
    ticket = await commands.issue_ticket(tx, conversation_id, reader, now=await queries.moment(tx))
    return LiveTicket(ticket=ticket.secret, expires_at=ticket.expires_at)


@routes.websocket("/conversations/{conversation_id}/live", policy=PUBLIC)
async def live(websocket: WebSocket, conversation_id: UUID) -> None:
    """Whoever brings a good ticket talks and listens until they leave, or lose their seat."""
    if not _from_us(websocket):
        await websocket.close()
        return
    await websocket.accept()
    try:
        why = await _Connection(websocket, conversation_id, resources_of(websocket)).run()
    except Exception as error:  # noqa: BLE001 - whoever is connected learns that it failed
        why = _noted(websocket, error)
    if why is not None:
        with suppress(WebSocketDisconnect, RuntimeError):  # who is gone meanwhile need not be told
            await websocket.close(CLOSES[why], why)


def _noted(websocket: WebSocket, error: BaseException) -> str | None:
    """Why it ends: None if the other end is gone, else the fault is ours, and logged."""
    gone = WebSocketState.DISCONNECTED in {websocket.client_state, websocket.application_state}
    if isinstance(error, WebSocketDisconnect) or (isinstance(error, RuntimeError) and gone):
        return None
    (log.warning if passing(error) else log.error)("live.failed", exc_info=error)
    return "failed"


def _from_us(websocket: WebSocket) -> bool:
    """Browsers say from which site a page speaks; other programs do not."""
    origin = websocket.headers.get("origin")
    platform = host(websocket).platform
    return origin is None or origin in platform.origins or origin == platform.base_url


class _Connection:
    """One device of one side."""

    def __init__(self, websocket: WebSocket, conversation_id: UUID, held: Resources) -> None:
        self._websocket, self._id, self._held = websocket, conversation_id, held
        self._database = host(websocket).database
        self._loop = asyncio.get_running_loop()
        self._typed, self._second, self._frames = 0.0, 0, 0

    async def run(self) -> str | None:
        """Serve until the end; why, unless the other end left."""
        try:
            hello = HELLO.validate_json(await asyncio.wait_for(self._websocket.receive_text(), HELLO_WITHIN))
        except (ValidationError, KeyError, TimeoutError):
            return "malformed"
        with self._held.hub.visit(self._id):
            return await self._visit(hello)

    async def _visit(self, hello: Hello) -> str | None:
        try:
            socket, room, resumes = await self._admitted(hello)
        except TicketRefused:
            return "ticket_refused"
        except ConversationUnknown:
            return "not_yours"
        try:
            await self._welcome(room, socket, hello, resumes=resumes)
            self._held.hub.enter(room, socket)
            return await self._serve(socket)
        finally:
            self._held.hub.leave(self._id, socket)
            await self._note_end(socket)

    async def _admitted(self, hello: Hello) -> tuple[Socket, Room, bool]:
        """Whoever brings a good ticket, from where they go on, and whether that is where they were; one transaction."""
        async with self._database.session(EVERY_TENANT) as tx:
            reader, room, now = await commands.admit(tx, self._id, hello.ticket)
            side = room.side_of(reader)
            if side is None:
                raise ConversationUnknown
            after = max(hello.after_seq, room.readable_after(side))
            resumes = after <= room.last_seq and room.last_seq - after <= LONGEST_TAIL
            socket = Socket(reader, side, after if resumes else room.last_seq, ended=room.ended)
            await self._note(tx, socket, "live", now)
        return socket, room, resumes

    async def _welcome(self, room: Room, socket: Socket, hello: Hello, *, resumes: bool) -> None:
        """Say how it goes on: with everything after `after_seq`, or that what lies between must be read by pages."""
        missed = min(max(hello.after_seq, room.readable_after(socket.side)), room.last_seq)
        told: dict[str, Any] = {"side": socket.side, "last_seq": room.last_seq, "ended": room.ended}
        online = self._held.hub.others_online(self._id, socket.side)
        kind, after = ("welcome", socket.served) if resumes else ("resync", missed)
        await self._websocket.send_text(framed(kind, after_seq=after, online=online, **told))

    async def _note(self, tx: AsyncSession, socket: Socket, use: Literal["live", "live_ended"], now: datetime) -> None:
        """Enter in the ledger that somebody begins to read, and how far they had come when they ended."""
        begins = use == "live"
        await commands.note_reading(
            tx, self._id, tenant=socket.reader.tenant, reader=socket.reader.id, side=socket.side, use=use,
            first_seq=socket.served + 1 if begins else None, last_seq=None if begins else socket.served,
            now=now,
        )  # fmt: skip

    async def _note_end(self, socket: Socket) -> None:
        try:
            async with self._database.session(socket.reader.tenant) as tx:
                await self._note(tx, socket, "live_ended", await queries.moment(tx))
        except Exception as error:  # noqa: BLE001 - that it began is entered, and it has ended all the same
            log.warning("live.end_not_noted", error=type(error).__name__)

    async def _serve(self, socket: Socket) -> str | None:
        listening = asyncio.create_task(self._listen(socket))
        speaking = asyncio.create_task(self._speak(socket))
        done, left = await asyncio.wait({listening, speaking}, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        if left:
            # A driver may turn the cancellation into an error of its own; whoever goes on then is ended by the close.
            await asyncio.wait(left, timeout=ENDS_WITHIN)
        over = [task for task in (*done, *left) if task.done() and not task.cancelled()]
        errors = [error for task in over if (error := task.exception()) is not None]
        if errors:
            return next((why for error in errors if (why := _noted(self._websocket, error)) is not None), None)
        return next((why for task in done if (why := task.result()) is not None), None)

    async def _speak(self, socket: Socket) -> str:
        """Hand over what is said, then what passes; never out of order, never anything twice."""
        while True:
            await socket.woken.wait()
            socket.woken.clear()
            while frames := await self._next(socket):
                for frame in frames:
                    await self._websocket.send_text(frame)
            while socket.hints:
                await self._websocket.send_text(socket.hints.popleft())
            if socket.out is not None:
                return socket.out

    async def _next(self, socket: Socket) -> list[str]:
        """What comes next; while the database cannot say, the connection stays, and the hub's next look tries again."""
        try:
            return await self._held.hub.next_of(self._id, socket)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("live.late", error=type(error).__name__)
            return []

    async def _listen(self, socket: Socket) -> str | None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            if self._too_fast():
                return "too_fast"
            try:
                frame = FRAME.validate_json(message.get("text") or b"")
            except ValidationError as error:
                await self._refuse(None, of_validation(error.errors(include_input=False, include_url=False)))
                continue
            await self._heed(socket, frame)

    async def _heed(self, socket: Socket, frame: Send | Typing | Read) -> None:
        if isinstance(frame, Send):
            await self._send(socket, frame)
        elif isinstance(frame, Read):
            await self._read(socket, frame)
        elif self._loop.time() - self._typed >= TYPING_EVERY:
            self._typed = self._loop.time()
            self._held.hub.announce(self._id, {"type": "typing", "side": socket.side})

    async def _send(self, socket: Socket, frame: Send) -> None:
        try:
            self._held.pace.keep(socket.reader.tenant, socket.reader.id)
            async with self._database.autocommit(socket.reader.tenant) as db:
                draft = frame.draft(self._id)
                delivery = await commands.send_message(db, self._held.vault, draft, sender=socket.reader)
        except DomainError as error:
            await self._refuse(frame.client_message_id, of_domain(error))
        except Exception as error:  # noqa: BLE001 - whoever wrote must learn that it was not sent
            log.warning("live.not_sent", error=type(error).__name__)
            await self._refuse(frame.client_message_id, of_failure(error))
        else:
            nudge(self._database.engine)
            self._held.hub.delivered(delivery)
            receipt = Receipt.of(delivery.sent).model_dump(mode="json")
            await self._websocket.send_text(framed("sent", **receipt))

    async def _read(self, socket: Socket, frame: Read) -> None:
        async with self._database.session(socket.reader.tenant) as tx:
            now = await queries.moment(tx)
            room = await queries.conversation(tx, self._id, socket.reader)
            seq = await commands.read_until(tx, room, socket.reader.id, side=socket.side, seq=frame.seq, now=now)
        self._held.hub.announce(self._id, {"type": "read", "side": socket.side, "seq": seq})

    async def _refuse(self, client_message_id: UUID | None, problem: Any) -> None:
        told = json.loads(bytes(problem.body))
        which = str(client_message_id) if client_message_id else None
        await self._websocket.send_text(framed("refused", client_message_id=which, problem=told))

    def _too_fast(self) -> bool:
        second = int(self._loop.time())
        self._frames = self._frames + 1 if second == self._second else 1
        self._second = second
        return self._frames > FRAMES_A_SECOND
