"""Live connections of this instance. What was committed is delivered in order, once; hints may be lost.

A connection holds the number of the last message that it was given, and is given the next one: from memory where this
instance has it, else from the database. So whatever is lost on the way between instances is only late, never missing.
"""

import asyncio
import json
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from uuid import UUID

import structlog

from libs.events.chat import Side
from libs.kit.sql import EVERY_TENANT, Database
from services.chat.api.wires import Wires
from services.chat.commands import Delivery
from services.chat.domain import Message, Participant
from services.chat.queries import Room, Vault, rooms, stays, tail
from services.chat.schemas import Message as SeenMessage

LOOK_EVERY: Final = 1.0  # seconds; what no other instance told is seen, and who lost a seat is out, this much later
RECENT: Final = 256  # messages of a conversation that an instance has at hand
AT_ONCE: Final = 100
ENDED: Final = {"ended": True, "reopened": False}
log = structlog.get_logger()


class Socket:
    """One live connection: who reads, how far it has been served, whether it knows of an end, and hints that wait."""

    def __init__(self, reader: Participant, side: Side, after: int, *, ended: bool) -> None:
        self.reader, self.side, self.served, self.ended = reader, side, after, ended
        self.hints: deque[str] = deque(maxlen=AT_ONCE)
        self.woken = asyncio.Event()
        self.out: str | None = None

    def hint(self, frame: str) -> None:
        """Tell something that need not be told twice, nor at all."""
        self.hints.append(frame)
        self.woken.set()

    def learn(self, *, ended: bool) -> None:
        """Nobody can write here any more, or both can again; told once, by whoever knows first."""
        if ended != self.ended:
            self.ended = ended
            self.hint(framed("ended" if ended else "reopened"))

    def end(self, why: str) -> None:
        """Close as soon as what is under way is out."""
        self.out = self.out or why
        self.woken.set()


class Hall:
    """A conversation with live connections here, or some that are being let in: its sockets, and what was said."""

    def __init__(self) -> None:
        self.top = self.visits = 0
        self.sockets: set[Socket] = set()
        self.recent: OrderedDict[int, tuple[str, frozenset[UUID]]] = OrderedDict()
        self.filling = asyncio.Lock()

    def reached(self, seq: int) -> None:
        """There are messages up to here."""
        self.top = max(self.top, seq)
        for socket in self.sockets:
            if socket.served < self.top:
                socket.woken.set()

    def remember(self, message: Message, readers: frozenset[UUID]) -> None:
        """Have it at hand, as everybody who may read it sees it."""
        seen = SeenMessage.seen(message).model_dump_json()
        self.recent[message.seq] = (f'{{"type":"message","message":{seen}}}', readers)
        if len(self.recent) > RECENT:
            self.recent.popitem(last=False)

    def sides(self) -> set[str]:
        """Which sides are here, on this instance."""
        return {socket.side for socket in self.sockets}


class Hub:
    """All live connections of this instance."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault
        self._halls: dict[UUID, Hall] = {}
        self._wires = Wires(database.url, self._hear)
        self.closed = False

    async def follow(self, closing: asyncio.Event) -> None:
        """Hear other instances, and look for oneself, until the service closes; then end all connections."""
        hearing = asyncio.create_task(self._wires.run(closing), name="chat wires")
        while not await _set(closing, within=LOOK_EVERY):
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - live connections outlive a restart of their database
                log.warning("live.blind", error=type(error).__name__)
        self.closed = True
        for hall in self._halls.values():
            for socket in hall.sockets:
                socket.end("closing")
        await hearing

    @contextmanager
    def visit(self, room_id: UUID) -> Iterator[None]:
        """Somebody is being let in, and stays: what is said from here on is noted, so they read their place after."""
        hall = self._halls.setdefault(room_id, Hall())
        hall.visits += 1
        try:
            yield
        finally:
            hall.visits -= 1
            if not hall.visits:
                self._halls.pop(room_id, None)

    def enter(self, room: Room, socket: Socket) -> None:
        """A visitor's connection is open: nothing that is said escapes it."""
        hall = self._halls[room.id]
        hall.sockets.add(socket)
        hall.reached(room.last_seq)
        if self.closed:
            socket.end("closing")
        self.announce(room.id, {"type": "presence", "side": socket.side, "online": True, "asks": True})

    def leave(self, room_id: UUID, socket: Socket) -> None:
        """A connection is closed."""
        hall = self._halls[room_id]
        hall.sockets.discard(socket)
        if socket.side not in hall.sides():
            self.announce(room_id, {"type": "presence", "side": socket.side, "online": False})

    def delivered(self, delivery: Delivery) -> None:
        """A message was committed here: hand it to who is here, and let the others know that there is one."""
        sent = delivery.sent
        hall = self._halls.get(sent.conversation_id)
        if hall is not None:
            if delivery.message is not None:
                hall.remember(delivery.message, delivery.readers)
            hall.reached(sent.seq)
        self._wires.send(sent.conversation_id, sent.seq)

    def announce(self, room_id: UUID, frame: dict[str, Any]) -> None:
        """Tell both sides, wherever they are connected, something that they could also ask for: it may get lost."""
        hall = self._halls.get(room_id)
        if hall is not None:
            self._hint(hall, frame)
        self._wires.send(room_id, frame)

    def others_online(self, room_id: UUID, side: str) -> list[str]:
        """Which other sides are connected to this instance; of other instances' a hint follows."""
        hall = self._halls.get(room_id)
        return sorted(hall.sides() - {side}) if hall else []

    async def next_of(self, room_id: UUID, socket: Socket) -> list[str]:
        """What this connection is given next; empty when it has everything."""
        hall = self._halls.get(room_id)
        if hall is None or socket.served >= hall.top:
            return []
        if socket.served + 1 not in hall.recent:
            await self._fill(room_id, hall, socket.served)
        frames: list[str] = []
        while len(frames) < AT_ONCE and (known := hall.recent.get(socket.served + 1)) is not None:
            frame, readers = known
            if socket.reader.id not in readers and not await self._readable_now(room_id, socket):
                socket.end("not_yours")
                break
            frames.append(frame)
            socket.served += 1
        return frames

    async def _readable_now(self, room_id: UUID, socket: Socket) -> bool:
        """Whether who had no seat when the next message was sent has one now, from which it can be read."""
        async with self._database.autocommit(EVERY_TENANT) as db:
            room = (await rooms(db, [room_id]))[room_id]
        side = room.side_of(socket.reader)
        return side is not None and socket.served >= room.readable_after(side)

    async def _fill(self, room_id: UUID, hall: Hall, after: int) -> None:
        async with hall.filling:
            if after + 1 in hall.recent:
                return
            async with self._database.autocommit(EVERY_TENANT) as db:
                for message, readers in await tail(db, self._vault, room_id, after=after, most=AT_ONCE):
                    hall.remember(message, readers)

    async def _look(self) -> None:
        if not self._halls:
            return
        async with self._database.autocommit(EVERY_TENANT) as db:
            # Who comes, or learns something, while we ask knows what is newer than the answer.
            before = {
                room_id: [(socket, socket.ended) for socket in hall.sockets] for room_id, hall in self._halls.items()
            }
            found = await rooms(db, before)
            guests = [each.reader.stay for sockets in before.values() for each, _ in sockets if each.reader.stay]
            here = await stays(db, guests) if guests else frozenset()
        for room_id, sockets in before.items():
            room, hall = found.get(room_id), self._halls.get(room_id)
            if room is None or hall is None:
                continue
            for socket, knew in sockets:
                left = socket.reader.stay is not None and socket.reader.stay not in here
                if left or room.side_of(socket.reader) is None:
                    socket.end("not_yours")
                elif socket.ended == knew:
                    socket.learn(ended=room.ended)
            hall.reached(room.last_seq)

    def _hear(self, room_id: UUID, news: int | dict[str, Any]) -> None:
        """What another instance tells: that there is a message, or a passing hint."""
        hall = self._halls.get(room_id)
        if hall is None:
            return
        if isinstance(news, int):
            hall.reached(news)
            return
        self._hint(hall, news)
        if news.get("asks"):
            for side in hall.sides():
                self._wires.send(room_id, {"type": "presence", "side": side, "online": True})

    def _hint(self, hall: Hall, frame: dict[str, Any]) -> None:
        if frame["type"] in ENDED:
            for socket in hall.sockets:
                socket.learn(ended=ENDED[frame["type"]])
            return
        told = framed(**{name: value for name, value in frame.items() if name not in {"asks", "to"}})
        for socket in hall.sockets:
            if frame.get("to", socket.side) != socket.side:
                continue
            # Nobody needs to be told what they do themselves, but for their other devices: those read along.
            if frame["type"] in {"typing", "presence"} and socket.side == frame["side"]:
                continue
            socket.hint(told)


def framed(type: str, **content: Any) -> str:
    """A frame as it goes out."""
    return json.dumps({"type": type, **content}, ensure_ascii=False, separators=(",", ":"))


async def _set(event: asyncio.Event, *, within: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False
    return True
