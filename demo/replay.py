"""Lets the demo month happen: every story through the services' own commands, their rules, outboxes and the bus.

Nothing is written past them. Only the clock is the month's own, and several things that one person says in a row share
a transaction. What has been done is noted in a file, so that a replay that was broken off goes on where it was.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from demo.outside import Deed, deeds, facts
from demo.progress import Progress
from demo.world import SEED, Story, agent, month_before, specialists, stories
from libs.bus import Bus, all_quiet, clock, publish
from libs.events import Event
from libs.kit.etags import etag
from libs.kit.service import Running
from libs.kit.sql import EVERY_TENANT
from libs.kit.together import Together
from services.chat import commands as chat
from services.chat.domain import Participant
from services.intake import commands as intake
from services.intake.domain import Acceptance, contact, turns
from services.intake.jobs import time_stands
from services.intake.queries import Presser, due_requests
from services.stats.jobs import judge_months, publish_benchmarks
from services.support import commands as support
from services.support.domain import Deny, Exclude

AT_ONCE = 16
TOLD_AT_ONCE = 200
HEARD_WITHIN = 300.0  # seconds
HELD_AFTER, ON_DUTY_FOR = timedelta(hours=1), timedelta(hours=2)


class Notes:
    """What has been done already: one line per request that was opened, and per stage that is over."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else []
        told = [json.loads(line) for line in lines if line.endswith("}")]
        self.requests = {int(n): UUID(request) for line in told for n, request in line.get("opened", {}).items()}
        self.done = {(line["stage"], line["story"]) for line in told if "stage" in line}
        self.over = any("over" in line for line in told)

    def write(self, **line: object) -> None:
        """Keep one line."""
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")


class Replay:
    """One replay into a running platform."""

    def __init__(self, everything: Together, notes: Notes, until: datetime) -> None:
        self._running, self._notes, self._until = everything.running, notes, until

    async def open(self, story: Story) -> None:
        """The client asks."""
        client = story.client
        with clock.at(story.opened_at):
            request_id, tenant = intake.new_id(), client.tenant
            sealer = self._intake.resources.sealer
            phone = intake.seal_phone(sealer, contact(story.kind, story.phone), request_id, tenant)
            call = intake.Call(
                kind=story.kind, category=story.category, locale=story.locale, one_off=story.one_off,
                may_call=story.kind == "phone",
            )  # fmt: skip
            async with self._intake.database.session(tenant) as tx:
                await intake.open_request(
                    tx, call, phone, request_id=request_id, tenant=tenant, client_id=client.id, now=story.opened_at
                )
        self._notes.requests[story.number] = request_id
        self._notes.write(opened={story.number: str(request_id)})

    async def accept(self, story: Story) -> None:
        """The first specialist presses Accept. One after another, for everybody has to rest between two."""
        if story.specialist is None or story.accepted_at is None:
            return
        tenant, who = story.client.tenant, story.specialist.id
        with clock.at(story.accepted_at):
            async with self._intake.database.session(tenant) as tx:
                until = story.accepted_at + ON_DUTY_FOR
                await intake.say_duty(tx, who, tenant=tenant, until=until, device_id=None, now=story.accepted_at)
            async with self._intake.database.autocommit(tenant) as db:
                answer = await intake.press_accept(
                    db, self._request(story), Presser(who, tenant, f"demo {story.number}", None)
                )
        if not isinstance(answer, Acceptance):
            raise TypeError("the story's specialist came too late")

    async def talk(self, story: Story) -> None:
        """What the two wrote to each other."""
        sides = {"client": story.client, "specialist": story.specialist}
        async with self._running["chat"].database.session(story.client.tenant) as tx:
            for line in story.lines:
                if person := sides[line.side]:
                    sender = Participant(tenant=person.tenant, id=person.id, roles=person.roles)
                    with clock.at(line.at):
                        await chat.send_message(tx, self._request(story), line.text, sender=sender, now=line.at)

    async def meet(self, story: Story) -> None:
        """Sessions, booked and told of."""
        if story.specialist is None or story.accepted_at is None:
            return
        async with self._intake.database.session(story.client.tenant) as tx:
            for meeting in story.meetings:
                booked_at, told_at = (
                    max(story.accepted_at, meeting.starts_at - HELD_AFTER),
                    meeting.starts_at + HELD_AFTER,
                )
                with clock.at(booked_at):
                    session_id = await intake.book_session(
                        tx, self._request(story), story.specialist.id, starts_at=meeting.starts_at, now=booked_at
                    )
                if told_at < self._until:
                    with clock.at(told_at):
                        await intake.tell_outcome(tx, session_id, story.specialist.id, meeting.outcome, now=told_at)
                elif story.one_off:
                    return  # Who asked for one consultation is booked no series (R8).

    async def do(self, story: Story) -> None:
        """What the two do beside talking: reach, pay, think better of it, part."""
        for deed in deeds(story):
            if deed.at < self._until and story.specialist is not None:
                async with self._intake.database.session(story.client.tenant) as tx:
                    with clock.at(deed.at):
                        await self._deed(tx, story, story.specialist.id, deed)

    async def _deed(self, tx: AsyncSession, story: Story, specialist_id: UUID, deed: Deed) -> None:
        request_id = self._request(story)
        match deed.what:
            case "reach":
                await intake.turn_request(tx, request_id, lambda it: turns.reach(it, now=deed.at))
            case "withdraw":
                await intake.turn_request(tx, request_id, lambda it: turns.withdraw(it, now=deed.at))
            case "pay":
                await intake.pay_session(tx, request_id, story.client.id, deed.number, now=deed.at)
            case "refuse":
                await intake.refuse_client(
                    tx, request_id, specialist_id, "other_specialist_needed", farewell_sent=True, now=deed.at
                )

    async def pass_time(self) -> None:
        """What time caused in the month: promises broken, winners who stayed silent, requests that nobody took."""
        while True:
            async with self._intake.database.session(EVERY_TENANT) as tx:
                due = await due_requests(tx, now=self._until, most=TOLD_AT_ONCE)
            if not due:
                return
            for request_id, at in due:
                async with self._intake.database.session(EVERY_TENANT) as tx:
                    with clock.at(at):
                        await intake.pass_time(tx, request_id, now=at)

    async def plead(self, story: Story) -> None:
        """What support was asked, and decided."""
        if story.plea is None or story.specialist is None:
            return
        at, who = story.plea.at, agent(story.client.tenant)
        async with self._running["support"].database.session(story.client.tenant) as tx:
            with clock.at(at):
                ticket = await support.open_ticket(
                    tx, self._request(story), story.specialist.id, ground=story.plea.ground,
                    explanation="…", evidence="screenshot of the whole conversation", now=at,
                )  # fmt: skip
            if story.plea.verdict == "open":
                return
            denied = story.plea.verdict == "denied"
            verdict = Deny(reason="normal_flow") if denied else Exclude(ground=None)
            with clock.at(at := at + timedelta(hours=3)):
                await support.decide(tx, ticket.id, verdict, agent=who, if_match=etag(ticket.version), now=at)
            if story.plea.verdict == "reinstated":
                await tx.flush()
                await tx.refresh(ticket)
                with clock.at(at := at + timedelta(days=1)):
                    await support.reinstate(tx, ticket.id, agent=who, if_match=etag(ticket.version), now=at)

    async def tell(self, tenant: str, told: Sequence[Event]) -> None:
        """What others say of the month."""
        async with self._intake.database.session(tenant) as tx:
            for fact in told:
                with clock.at(fact.at):
                    await publish(tx, fact)

    def _request(self, story: Story) -> UUID:
        return self._notes.requests[story.number]

    @property
    def _intake(self) -> Running:
        return self._running["intake"]


async def replay(everything: Together, progress: Progress) -> bool:
    """Let the month happen, unless it has; whether there was anything to do."""
    notes = Notes(everything.platform.run_dir / f"demo-{SEED}.jsonl")
    if notes.over:
        return False
    now = clock.now()
    month = stories(month_before(now))
    acts = Replay(everything, notes, now)
    buses = [running.bus for running in everything.running.values() if running.bus]
    # What time causes, it causes by the month's own clock, and not meanwhile by ours.
    async with time_stands(everything.running["intake"].database):
        await _join(everything, month_before(now))
        await _play(acts, notes, month, buses, progress)
        await _surround(acts, facts(month, month_before(now), now), progress)
        await acts.pass_time()
    await _heard(buses, progress)
    stats = everything.running["stats"].database
    await publish_benchmarks(stats, clock.now())
    await judge_months(stats, clock.now())
    notes.write(over=True)
    return True


async def _play(acts: Replay, notes: Notes, month: list[Story], buses: Sequence[Bus], progress: Progress) -> None:
    """Everything that the people of the month do, kind by kind."""
    stages: Sequence[tuple[str, Callable[[Story], Awaitable[None]], int]] = (
        ("requests", acts.open, AT_ONCE), ("accepts", acts.accept, 1), ("messages", acts.talk, AT_ONCE),
        ("sessions", acts.meet, AT_ONCE), ("deeds", acts.do, AT_ONCE), ("decisions", acts.plead, 1),
    )  # fmt: skip
    for name, act, at_once in stages:
        todo = [story for story in month if (name, story.number) not in notes.done]
        with progress.of(name, len(todo)) as advance:
            for chunk in _chunks(todo, at_once):
                await asyncio.gather(*(act(story) for story in chunk))
                for story in chunk:
                    notes.write(stage=name, story=story.number)
                    advance()
        await _heard(buses, progress)


async def _surround(acts: Replay, told: Sequence[Event], progress: Progress) -> None:
    """What happened around it. Telling it twice, after a replay that was broken off, changes nothing."""
    by_tenant: dict[str, list[Event]] = {}
    for fact in told:
        by_tenant.setdefault(fact.tenant, []).append(fact)
    with progress.of("views, reviews", len(told)) as advance:
        for tenant, facts_of in by_tenant.items():
            for at in range(0, len(facts_of), TOLD_AT_ONCE):
                chunk = facts_of[at : at + TOLD_AT_ONCE]
                await acts.tell(tenant, chunk)
                for _ in chunk:
                    advance()


async def _join(everything: Together, at: datetime) -> None:
    for tenant, staff in specialists().items():
        with clock.at(at):
            async with everything.running["intake"].database.session(tenant) as tx:
                for specialist, _ in staff:
                    await intake.join(tx, specialist.id, tenant=tenant, now=at)


async def _heard(buses: Sequence[Bus], progress: Progress) -> None:
    """What was said must have been heard before the next stage can build on it."""
    with progress.of("on the bus", None):
        if not await all_quiet(buses, within=HEARD_WITHIN):
            raise TimeoutError("the bus did not come to rest")


def _chunks(todo: list[Story], size: int) -> Iterator[list[Story]]:
    for at in range(0, len(todo), size):
        yield todo[at : at + size]
