"""`python -m tests.faults.talkers PLAN INTO`: people with two devices each, who write, listen, break off and go on.

A process of its own, so that there can be several. It knows nothing of how chat is done, and keeps what it saw.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from libs.bus.ids import uuid7
from libs.kit.server import run
from tests.faults.talk_plan import Person, Plan, Talk
from tests.faults.talks import History, Said, Stretch, Try
from tests.faults.wire import Answer, Line, NotSent, Unknown

AT_ONCE, OPENING_AT_ONCE, ANSWERS_WITHIN = 24, 12, 20.0
BY_HTTP, REPEATED, BY_PAGES, NEW_DEVICE = 0.1, 0.03, 0.25, 0.02
LONGEST_KEPT = 64  # characters of a body; of a longer one we keep a digest
BROKEN = (OSError, EOFError, TimeoutError, WebSocketException, NotSent, Unknown)


class Crowd:
    """All devices of this process, and what they have seen."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.chance = plan, random.Random(plan.seed)
        self.seen = History({})
        self.counted: Counter[str] = Counter()
        self.took: list[float] = []
        self.told: Counter[str] = Counter()  # the last number that anybody heard of, by conversation
        self.sending, self.opening = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(OPENING_AT_ONCE)

    async def talk(self, talk: Talk) -> None:
        """A conversation from beginning to end."""
        lines = {port: Line(port, "chat") for port in self.plan.ports}
        shares = _shares(talk.messages, 2 * len(talk.sides))
        async with asyncio.TaskGroup() as together:
            for number, share in enumerate(shares):
                person = talk.sides[number % len(talk.sides)]
                device = Device(self, talk, person, lines, together, name=f"{talk.id} {number}")
                device.left = share
                device.cuts = sorted(self.chance.randrange(talk.messages) for _ in range(talk.cuts))
                together.create_task(device.live())
        reading = Device(self, talk, talk.sides[0], lines, None, name="the end")
        self.seen.ends[talk.id] = await reading.everything()
        await Device(self, talk, talk.stranger, lines, None, name="a stranger's").pry()
        for line in lines.values():
            await line.close()


class Device:
    """Holds what it was given, sends its share, and comes back after each break with the last number it has."""

    def __init__(
        self, crowd: Crowd, talk: Talk, person: Person, lines: dict[int, Line], together: asyncio.TaskGroup | None,
        *, name: str,
    ) -> None:  # fmt: skip
        self._crowd, self._talk, self._person, self._lines, self._together = crowd, talk, person, lines, together
        self.name, self.held, self.left = name, 0, 0
        self.cuts: list[int] = []
        self._unsent: tuple[str, str] | None = None
        self._answers: dict[str, asyncio.Future[int]] = {}
        self._moved, self._forgotten = time.monotonic(), False

    async def live(self) -> None:
        """Until it has sent and holds everything, or nothing has moved for too long."""
        while self._wants() and not self._forgotten and time.monotonic() - self._moved < self._crowd.plan.patience:
            try:
                await self._connected()
            except BROKEN:
                self._crowd.counted["broken"] += 1
                await asyncio.sleep(self._crowd.chance.uniform(0.05, 0.5))

    async def everything(self) -> list[Said]:
        """What there is, by pages."""
        found: list[Said] = []
        while page := await self._page(found[-1].seq if found else 0):
            found += page
        return found

    async def pry(self) -> None:
        """Ask for what is not one's own."""
        for method, path in (("POST", "live-tickets"), ("GET", "messages?after_seq=0")):
            answer = await self._asked(method, path)
            assert answer.status == 404, f"a stranger was told {answer.status}"

    def _wants(self) -> bool:
        return self.left > 0 or self.held < self._talk.messages

    async def _connected(self) -> None:
        if self.held and self._crowd.chance.random() < BY_PAGES:
            self._crowd.counted["resumed by pages"] += 1
            await self._pages()
        async with self._crowd.opening:
            port = self._crowd.chance.choice(list(self._lines))
            answer = await self._lines[port].ask("POST", self._path("live-tickets"), self._person.token)
            assert answer.status == 201, answer
            wire = await connect(
                f"ws://127.0.0.1:{port}/chat/v1/{self._path('live')}", compression=None, ping_interval=None,
                max_size=2**20, proxy=None, open_timeout=ANSWERS_WITHIN,
            )  # fmt: skip
        try:
            await self._follow(wire, answer.body["ticket"])
        finally:
            wire.transport.abort()
            with contextlib.suppress(*BROKEN):
                await wire.wait_closed()

    async def _follow(self, wire: ClientConnection, ticket: str) -> None:
        asked = self.held
        await wire.send(json.dumps({"type": "hello", "ticket": ticket, "after_seq": asked}))
        first = await self._frame(wire)
        assert first["type"] in {"welcome", "resync"}, first
        if asked:
            self._crowd.counted["resumed"] += 1
        if first["type"] == "resync":
            self._crowd.counted["resynced"] += 1
            await self._pages(until=first["last_seq"])
        with self._stretch(asked if first["type"] == "welcome" else first["last_seq"]) as said:
            sending = asyncio.create_task(self._send_all(wire))
            try:
                while self._wants() and not self._cut():
                    self._take(await self._frame(wire), said)
            finally:
                sending.cancel()
                (error,) = await asyncio.gather(sending, return_exceptions=True)
                assert error is None or isinstance(error, asyncio.CancelledError | WebSocketException), error

    async def _frame(self, wire: ClientConnection) -> dict[str, Any]:
        try:
            async with asyncio.timeout(self._crowd.plan.patience):
                found: dict[str, Any] = json.loads(await wire.recv())
                return found
        except TimeoutError:
            # Whoever waits so long for what others know of is not served, even if coming back would help.
            self._forgotten = self._crowd.told[self._talk.id] > self.held
            raise

    def _take(self, frame: dict[str, Any], said: list[Said]) -> None:
        if frame["type"] == "message":
            said.append(_said(frame["message"]))
            self.held = max(self.held, said[-1].seq)
            self._moved = time.monotonic()
        elif frame["type"] in {"sent", "refused"}:
            answer = self._answers.pop(str(frame["client_message_id"]), None)
            if answer is None or answer.done():
                return
            if frame["type"] == "sent":
                answer.set_result(frame["seq"])
            else:
                assert frame["problem"]["status"] >= 500, frame
                answer.set_exception(Unknown())

    def _cut(self) -> bool:
        """Whether it is time to break off; now and then somebody goes on with a device that has nothing yet."""
        if not self.cuts or self.held < self.cuts[0]:
            return False
        self.cuts.pop(0)
        self._crowd.counted["cuts"] += 1
        if self._together is not None and self._crowd.chance.random() < NEW_DEVICE:
            fresh = Device(
                self._crowd, self._talk, self._person, self._lines, None, name=f"{self.name}, new {len(self.cuts)}"
            )
            self._together.create_task(fresh.live())
        return True

    async def _send_all(self, wire: ClientConnection) -> None:
        while self.left > 0:
            await asyncio.sleep(self._crowd.chance.uniform(0.02, 0.15))
            async with self._crowd.sending:
                await self._send(wire)
        if not self._wants():
            wire.transport.abort()  # nothing will come any more that one could wait for

    async def _send(self, wire: ClientConnection) -> None:
        """One message, until its number is known; the same one again where it was not."""
        message, body = self._unsent = self._unsent or (str(uuid7()), _words(self._crowd.chance))
        with contextlib.suppress(NotSent, Unknown, TimeoutError):
            await self._tried(wire, message, body)
            self.left, self._unsent = self.left - 1, None
            if self._crowd.chance.random() < REPEATED:
                self._crowd.counted["repeated"] += 1
                await self._tried(wire, message, body)

    async def _tried(self, wire: ClientConnection, message: str, body: str) -> None:
        invoked = time.monotonic()
        one = Try(self._talk.id, self._person.id, message, _kept(body), invoked, None, None)
        try:
            if self._crowd.chance.random() < BY_HTTP:
                seq = await self._by_http(message, body)
            else:
                seq = await self._by_wire(wire, message, body)
        except NotSent:
            raise
        except BaseException:
            self._crowd.counted["unknown"] += 1
            self._crowd.seen.tries.append(one)
            raise
        self._moved = returned = time.monotonic()
        self._crowd.took.append(returned - invoked)
        self._crowd.told[self._talk.id] = max(self._crowd.told[self._talk.id], seq)
        self._crowd.seen.tries.append(one._replace(returned=returned, seq=seq))

    async def _by_wire(self, wire: ClientConnection, message: str, body: str) -> int:
        answer = self._answers[message] = asyncio.get_running_loop().create_future()
        await wire.send(json.dumps({"type": "send", "client_message_id": message, "body": body}))
        async with asyncio.timeout(ANSWERS_WITHIN):
            return int(await answer)

    async def _by_http(self, message: str, body: str) -> int:
        line = self._lines[self._crowd.chance.choice(list(self._lines))]
        told = {"client_message_id": message, "body": body}
        answer = await line.ask("POST", self._path("messages"), self._person.token, body=told)
        assert answer.status == 201, answer
        return int(answer.body["seq"])

    async def _pages(self, *, until: int = 0) -> None:
        """Everything that is not held yet."""
        with self._stretch(self.held) as said:
            while page := await self._page(self.held):
                said.extend(page)
                self.held, self._moved = page[-1].seq, time.monotonic()
        assert self.held >= until, "the pages end too early"

    async def _page(self, after: int) -> list[Said]:
        answer = await self._asked("GET", f"messages?after_seq={after}&limit=100")
        assert answer.status == 200, answer
        return [_said(item) for item in answer.body["items"]]

    async def _asked(self, method: str, path: str) -> Answer:
        """Ask one instance after the other until one says something."""
        async with asyncio.timeout(self._crowd.plan.patience):
            while True:
                line = self._lines[self._crowd.chance.choice(list(self._lines))]
                with contextlib.suppress(NotSent, Unknown):
                    return await line.ask(method, self._path(path), self._person.token)
                await asyncio.sleep(0.05)

    def _path(self, what: str) -> str:
        return f"conversations/{self._talk.id}/{what}"

    @contextmanager
    def _stretch(self, after: int) -> Iterator[list[Said]]:
        said: list[Said] = []
        try:
            yield said
        finally:
            self._crowd.seen.stretches.append(Stretch(self._talk.id, self.name, self._person.id, after, said))


def _said(message: dict[str, Any]) -> Said:
    return Said(message["seq"], message["sender_id"], message["client_message_id"], _kept(message["body"] or ""))


def _words(chance: random.Random) -> str:
    """Mostly short."""
    return f"Добрий вечір {chance.random()} " * (40 if chance.random() < 0.01 else 1)


def _kept(body: str) -> str:
    return body if len(body) <= LONGEST_KEPT else hashlib.sha256(body.encode()).hexdigest()


def _shares(whole: int, parts: int) -> list[int]:
    return [whole // parts + (number < whole % parts) for number in range(parts)]


async def _main(plan: Path, into: Path) -> None:
    crowd = Crowd(Plan.read(plan))
    await asyncio.gather(*(crowd.talk(talk) for talk in crowd.plan.talks))
    crowd.seen.keep(into)
    print(json.dumps({"counted": crowd.counted, "took": crowd.took}))  # noqa: T201


if __name__ == "__main__":
    run(_main(Path(sys.argv[1]), Path(sys.argv[2])))
