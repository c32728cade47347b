"""Lets the demo month happen: every story through the services' own commands, their rules, outboxes and the bus.

Nothing is written past them. Only the clock is the month's own, and several things that one person says in a row share
a transaction. What has been done is noted in a file, so that a replay that was broken off goes on where it was.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from demo.notes import Notes
from demo.ordering import Ordering
from demo.orders import commissions
from demo.outside import Deed, deeds, facts, late_presses
from demo.progress import Progress
from demo.stages import AT_ONCE, Act, Stage, chunks, heard, number_of, play
from demo.world import SEED, Story, agent, month_before, specialists, stories
from libs.bus import clock, publish
from libs.bus.ids import uuid7
from libs.events import Event
from libs.kit.errors import Conflict, NotFound
from libs.kit.etags import etag
from libs.kit.service import Running
from libs.kit.sql import EVERY_TENANT
from libs.kit.together import Together
from services.chat import commands as chat
from services.chat.domain import Draft, Participant
from services.intake import commands as intake
from services.intake.domain import Acceptance, contact, turns
from services.intake.jobs import time_stands
from services.intake.queries import Presser, due_requests
from services.stats.jobs import judge_months, publish_benchmarks
from services.support import commands as support
from services.support.domain import Deny, Exclude

TOLD_AT_ONCE = 200
HELD_AFTER = timedelta(hours=1)
ON_DUTY_FOR = timedelta(hours=12)  # No duty lasts longer.


class Replay:
    """One replay into a running platform."""

    def __init__(self, everything: Together, notes: Notes, until: datetime) -> None:
        self._running, self._notes, self._until = everything.running, notes, until
        self._on_duty_until = dict[UUID, datetime]()

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
        self._notes.opened(story.number, request_id)

    async def accept(self, story: Story) -> None:
        """The first specialist presses Accept, and others a moment later."""
        if story.specialist is None or story.accepted_at is None:
            return
        tenant, who = story.client.tenant, story.specialist.id
        await self._be_there(who, tenant, story.accepted_at)
        async with self._intake.database.autocommit(tenant) as db:
            with clock.at(story.accepted_at):
                answer = await intake.press_accept(
                    db, self._request(story), Presser(who, tenant, f"demo {story.number}", None)
                )
            if not isinstance(answer, Acceptance):
                raise TypeError("the story's specialist came too late")
            for late in late_presses(story):
                with clock.at(late.at):
                    presser = Presser(late.specialist_id, tenant, f"demo {story.number}", None)
                    await intake.press_accept(db, self._request(story), presser)

    async def _be_there(self, who: UUID, tenant: str, at: datetime) -> None:
        """Say duty again when the last one has run out."""
        if at < self._on_duty_until.get(who, at):
            return
        until = self._on_duty_until[who] = at + ON_DUTY_FOR
        async with self._intake.database.session(tenant) as tx:
            with clock.at(at):
                await intake.say_duty(tx, who, tenant=tenant, until=until, device_id=None, now=at)

    async def talk(self, story: Story) -> None:
        """What the two wrote to each other."""
        sides = {"client": story.client, "specialist": story.specialist}
        running = self._running["chat"]
        async with running.database.autocommit(story.client.tenant) as db:
            for line in story.lines:
                if person := sides[line.side]:
                    sender = Participant(tenant=person.tenant, id=person.id, roles=person.roles)
                    draft = Draft(
                        conversation_id=self._request(story), client_message_id=uuid7(), form="text",
                        body=line.text.encode(),
                    )  # fmt: skip
                    with clock.at(line.at):
                        await chat.send_message(db, running.resources.vault, draft, sender=sender)

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
        if story.specialist is None:
            return
        async with self._intake.database.session(story.client.tenant) as tx:
            for deed in deeds(story):
                if deed.at < self._until:
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
            for chunk in chunks(due, AT_ONCE):
                await asyncio.gather(*(self._pass_time(request_id, at) for request_id, at in chunk))

    async def _pass_time(self, request_id: UUID, at: datetime) -> None:
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
    begins, intake_service = month_before(now), everything.running["intake"]
    month = stories(begins)
    acts, ordering = Replay(everything, notes, now), Ordering(intake_service, notes, now)
    services = list(everything.running.values())
    # What time causes, it causes by the month's own clock, and not meanwhile by ours.
    async with time_stands(intake_service.database):
        await _join(everything, begins)
        for steps in _scenes(acts, forgiving=notes.broken_off):
            await play(steps, month, notes, services, progress)
        await ordering.offer(begins)
        await play([[stage] for stage in ordering.stages], commissions(begins), notes, [], progress)
        await _surround(acts, facts(month, begins, now), progress)
        await acts.pass_time()
    await heard(services, progress)
    stats = everything.running["stats"].database
    await publish_benchmarks(stats, clock.now())
    await judge_months(stats, clock.now())
    notes.all_over()
    return True


def _scenes(acts: Replay, *, forgiving: bool) -> Sequence[Sequence[Sequence[Stage[Story]]]]:
    """What people do, kind by kind, and who waits for whom with it: a specialist does one thing after the other.

    What a scene says is heard before the next one, which builds on it; talks and sessions do not wait for each other.
    """

    def stage(name: str, act: Act[Story], lane: Callable[[Story], object]) -> Stage[Story]:
        return name, _if_theirs(act) if forgiving else act, lane

    return (
        ([stage("requests", acts.open, number_of)], [stage("accepts", acts.accept, _specialist)]),
        ([stage("messages", acts.talk, number_of), stage("sessions", acts.meet, _specialist)],),
        ([stage("deeds", acts.do, _specialist), stage("decisions", acts.plead, lambda story: story.client.tenant)],),
    )


def _if_theirs(act: Act[Story]) -> Act[Story]:
    """After a replay was broken off: until the next one our own time went on, and took or closed what was waiting."""

    async def attempt(story: Story) -> None:
        with suppress(NotFound, Conflict):
            await act(story)

    return attempt


def _specialist(story: Story) -> object:
    return story.specialist


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
