"""One feed for many readers: what happens is encoded once, and every reader is handed the same bytes."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Iterable
from itertools import groupby

import structlog

from libs.bus.outbox import alarm_of
from libs.kit.sql import EVERY_TENANT, Database
from services.intake.api.board import Board, Frame, frame_of
from services.intake.commands import number_feed
from services.intake.domain import Racer, offered
from services.intake.queries import (
    Card,
    Entry,
    entries_after,
    moment,
    news_after,
    open_cards,
    racers_of,
    top_of,
)
from services.intake.settings import Settings

LOOK_EVERY = 0.1  # seconds; what other instances did is seen this much later at most
BEAT_EVERY = 10.0  # seconds; proxies cut what is silent for long
BEAT = b": still here\n\n"
WHO_EVERY = 2.0  # seconds; that somebody's duty or profile changed is seen this much later at most
RESET = b"retry: 1000\nid:\nevent: reset\ndata: {}\n\n"
OFF_DUTY = b"event: off_duty\ndata: {}\n\n"
log = structlog.get_logger()


class Reader:
    """One open stream. It holds little: a reader that falls behind starts over from what is open now."""

    def __init__(self, tenant: str, racer: Racer, most: int) -> None:
        self.tenant = tenant
        self.racer = racer
        self.behind = True
        self.over = False
        self.waiting: deque[bytes] = deque()
        self.woken = asyncio.Event()
        self._most = most
        self.woken.set()

    def sees(self, card: Card, *, gone: bool = False) -> bool:
        """Whether a card is for this reader, as its request is now; that one is gone is for everybody."""
        minor = card.age == "minor"
        return gone or offered(
            self.racer, direct_to=card.direct_to, minor=minor, locale=card.locale, barred=card.barred
        )

    def start_over(self, racer: Racer) -> None:
        """Others see other requests: begin anew with what is open."""
        self.racer, self.behind = racer, True
        self.waiting.clear()
        self.woken.set()

    def end(self) -> None:
        """The duty is over: say so, and close."""
        self.over = True
        self.woken.set()

    def put(self, data: bytes) -> None:
        """Hand over bytes; never waits, whatever the other end does."""
        if self.behind:
            return
        if len(self.waiting) >= self._most:
            self.waiting.clear()
            self.behind = True
        else:
            self.waiting.append(data)
        self.woken.set()


class Hub:
    """The feed of this instance, read from the database in which all instances write it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._readers: defaultdict[str, set[Reader]] = defaultdict(set)
        self._boards = defaultdict[str, Board](lambda: Board(settings.feed_shows))
        self._log: deque[Frame] = deque()
        self._forgotten = 0
        self._top = 0
        self._looking = asyncio.Lock()
        self._closed = False

    async def load(self) -> None:
        """Begin with what is open, and with as much of the past as may be resumed from."""
        async with self._database.autocommit(EVERY_TENANT) as db, db.transaction(isolation="repeatable_read"):
            self._top = await top_of(db)
            self._forgotten = max(0, self._top - self._settings.feed_keeps)
            for tenant, cards in groupby(await open_cards(db, 2 * self._settings.feed_shows), _tenant):
                self._boards[tenant].fill(list(cards))
            for entry in await entries_after(db, self._forgotten):
                self._remember(frame_of(entry))

    async def look(self) -> None:
        """Take in what happened since the last look, here or elsewhere."""
        async with self._looking:
            for entry in await self._news():
                self._take(entry)
            for tenant in [tenant for tenant, board in self._boards.items() if board.low]:
                await self._fill(tenant)

    async def follow(self, closing: asyncio.Event) -> None:
        """Keep looking until the service closes, and then end all streams."""
        alarm, beat_at, who_at = alarm_of(self._database.engine), _seconds() + BEAT_EVERY, _seconds() + WHO_EVERY
        while not closing.is_set():
            # What was committed here is seen at once, what was committed elsewhere at the next look.
            await _set(alarm, within=LOOK_EVERY)
            alarm.clear()
            try:
                await self.look()
                if _seconds() >= who_at:
                    who_at += WHO_EVERY
                    await self.look_who_reads()
            except Exception as error:  # noqa: BLE001 - the feed outlives a restart of its database
                log.warning("feed.blind", error=type(error).__name__)
            if _seconds() >= beat_at:
                beat_at += BEAT_EVERY
                self._beat()
        self._close()

    async def look_who_reads(self) -> None:
        """Take in who went off duty, and whom else requests are for since a profile was changed."""
        readers = self._everyone()
        if not readers:
            return
        async with self._database.session(EVERY_TENANT, read_only=True) as tx:
            now = await moment(tx)
            known = await racers_of(tx, [reader.racer.id for reader in readers])
        for reader in readers:
            racer = known.get((reader.tenant, reader.racer.id))
            if racer is None or not racer.on_duty(now):
                reader.end()
            elif (racer.accepts_minors, racer.languages) != (reader.racer.accepts_minors, reader.racer.languages):
                reader.start_over(racer)

    async def read(self, tenant: str, racer: Racer, after: int | None) -> AsyncGenerator[bytes]:
        """A stream from `after` on; without one, or with one too old, from a reset and what is open."""
        if after is not None and after > self._top:
            # Another instance may have seen more than this one has yet.
            await self.look()
        reader = Reader(tenant, racer, self._settings.feed_queue)
        self._readers[tenant].add(reader)
        self._resume(reader, after)
        return self._stream(reader)

    def _close(self) -> None:
        self._closed = True
        for reader in self._everyone():
            reader.woken.set()

    async def _news(self) -> Iterable[Entry]:
        async with self._database.autocommit(EVERY_TENANT) as db:
            news = await news_after(db, self._top)
            if news.unnumbered:
                await number_feed(db)
            return await entries_after(db, self._top) if any(news) else ()

    def _take(self, entry: Entry) -> None:
        frame, tenant = frame_of(entry), entry.card.tenant
        # What comes into sight has no position of its own: whoever has heard of this one has it already.
        news = [*self._boards[tenant].take(entry.card, gone=entry.gone), frame]
        self._top = frame.position
        self._remember(frame)
        for reader in self._readers[tenant]:
            for each in news:
                if reader.sees(each.card, gone=each.gone):
                    reader.put(each.data)

    async def _fill(self, tenant: str) -> None:
        """Older ones than are held have become the newest."""
        async with self._database.autocommit(EVERY_TENANT) as db:
            cards = await open_cards(db, 2 * self._settings.feed_shows, tenant)
        if self._boards[tenant].fill(cards):
            for reader in self._readers[tenant]:
                reader.start_over(reader.racer)

    def _remember(self, frame: Frame) -> None:
        self._log.append(frame)
        if len(self._log) > self._settings.feed_keeps:
            self._forgotten = self._log.popleft().position

    def _resume(self, reader: Reader, after: int | None) -> None:
        if after is None or not self._forgotten <= after <= self._top:
            return
        missed = [frame for frame in self._log if frame.position > after and frame.card.tenant == reader.tenant]
        if self._boards[reader.tenant].hid_some(sum(frame.gone for frame in missed)):
            return  # What came into sight meanwhile is not in the log.
        reader.behind = False
        reader.put(BEAT)
        for frame in missed:
            if reader.sees(frame.card, gone=frame.gone):
                reader.put(frame.data)

    async def _stream(self, reader: Reader) -> AsyncGenerator[bytes]:
        try:
            while not self._closed:
                await reader.woken.wait()
                reader.woken.clear()
                if reader.over:
                    yield OFF_DUTY
                    return
                if reader.behind:
                    reader.behind = False
                    yield self._everything(reader)
                elif reader.waiting:
                    data = b"".join(reader.waiting)
                    reader.waiting.clear()
                    yield data
        finally:
            self._readers[reader.tenant].discard(reader)

    def _everything(self, reader: Reader) -> bytes:
        """A reset, what is open, and only then the position: cut off in the middle, a reader starts over."""
        cards = self._boards[reader.tenant].shown()
        return b"".join((RESET, *(frame.data for frame in cards if reader.sees(frame.card)), b"id: %d\n\n" % self._top))

    def _beat(self) -> None:
        for reader in self._everyone():
            if not reader.waiting:
                reader.put(BEAT)

    def _everyone(self) -> list[Reader]:
        return [reader for readers in self._readers.values() for reader in readers]


def _tenant(card: Card) -> str:
    return card.tenant


def _seconds() -> float:
    return asyncio.get_running_loop().time()


async def _set(event: asyncio.Event, *, within: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within)
    except TimeoutError:
        return False
    return True
