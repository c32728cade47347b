"""Lets the month's orders happen, act by act, through intake's own commands on the month's own clock.

Whatever is done already is seen in the order itself, so that an act that was not noted any more changes nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from demo.notes import Notes
from demo.orders import BENCHES, HOUR, Commission, at_bench, holidays, price_of
from demo.stages import Stage
from libs.bus import clock
from libs.kit.service import Running
from services.intake.commands import orders as intake
from services.intake.domain.orders import Order
from services.intake.queries.offers import terms_of
from services.intake.queries.orders import order_of

TERMS = 1  # Nobody changes what they offer within the month.


class Ordering:
    """One replay of the month's orders into a running intake."""

    def __init__(self, running: Running, notes: Notes, until: datetime) -> None:
        self._database, self._sealer = running.database, running.resources.sealer
        self._notes, self._until = notes, until

    @property
    def stages(self) -> Sequence[Stage[Commission]]:
        """Each kind of act, in turn; what one client does is done one thing after the other."""
        acts = {
            "orders": self.place, "payments": self.pay, "forgotten questions": self.ask, "bookings": self.book,
            "nudges": self.nudge, "cancellations": self.cancel, "starts": self.start, "deliveries": self.deliver,
            "further questions": self.follow,
        }  # fmt: skip
        return [(name, act, lambda it: it.client) for name, act in acts.items()]

    async def offer(self, begins: datetime) -> None:
        """What is offered all month, and who says to be away."""
        for bench in BENCHES:
            who = at_bench(bench)
            async with self._database.session(bench.house) as tx:
                if await terms_of(tx, who.id, bench.kind) is None:
                    with clock.at(begins):
                        await intake.offer_kind(
                            tx, who.id, bench.kind, also=frozenset(), price=price_of(bench), offered=True, seen=None,
                            tenant=bench.house, now=begins,
                        )  # fmt: skip
        for who, away in holidays(begins, self._until).items():
            async with self._database.session(who.tenant) as tx:
                with clock.at(begins):
                    await intake.name_holidays(tx, who.id, away, tenant=who.tenant, now=begins)

    async def place(self, it: Commission) -> None:
        """The client orders, on terms that were read."""
        async with self._database.session(it.client.tenant) as tx:
            with clock.at(it.placed_at):
                order = await intake.place_order(
                    tx, self._sealer, it.specialist.id, it.kind, terms_version=TERMS, words=it.words,
                    client_id=it.client.id, tenant=it.client.tenant, now=it.placed_at,
                )  # fmt: skip
        self._notes.ordered(it.number, order.id)

    async def pay(self, it: Commission) -> None:
        """One of the two says that it was paid."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            await intake.pay_order(tx, order.id, it.payer.id, now=now)

        await self._do(it, it.paid_at, act)

    async def ask(self, it: Commission) -> None:
        """The client asks what was forgotten."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            if it.forgotten and order.questions == len(it.words):
                await intake.ask_more(tx, self._sealer, order.id, it.client.id, [it.forgotten], now=now)

        await self._do(it, it.paid_at + HOUR if it.paid_at and it.forgotten else None, act)

    async def book(self, it: Commission) -> None:
        """The specialist keeps a time for a call, and the client takes it."""
        call = it.call
        if call is None:
            return

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            if order.call_at is None:
                with clock.at(call.offered_at):
                    slot = await intake.offer_slot(
                        tx, it.specialist.id, starts_at=call.starts_at, lasts=HOUR, tenant=order.tenant,
                        now=call.offered_at,
                    )  # fmt: skip
                await intake.book_slot(tx, order.id, slot.id, it.client.id, now=now)

        await self._do(it, call.booked_at, act)

    async def nudge(self, it: Commission) -> None:
        """The client asks how it goes."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            if not order.nudges:
                await intake.nudge_order(tx, order.id, it.client.id, now=now)

        await self._do(it, it.nudged_at, act)

    async def cancel(self, it: Commission) -> None:
        """One of the two takes it back."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            await intake.cancel_order(tx, order.id, it.canceller.id, now=now)

        await self._do(it, it.cancelled_at, act)

    async def start(self, it: Commission) -> None:
        """Work begins."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            await intake.start_order(tx, order.id, it.specialist.id, now=now)

        await self._do(it, it.started_at, act)

    async def deliver(self, it: Commission) -> None:
        """The result is there."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            link = f"https://example.org/r/{it.number:04}" if it.kind == "planned_recording" else None
            await intake.deliver_order(tx, self._sealer, order.id, it.specialist.id, link=link, now=now)

        await self._do(it, it.delivered_at, act)

    async def follow(self, it: Commission) -> None:
        """The client asks what the answer leaves open."""

        async def act(tx: AsyncSession, order: Order, now: datetime) -> None:
            if it.follow_up and not order.follow_ups:
                await intake.ask_more(tx, self._sealer, order.id, it.client.id, [it.follow_up], now=now)

        await self._do(it, it.delivered_at + 5 * HOUR if it.delivered_at and it.follow_up else None, act)

    async def _do(
        self, it: Commission, at: datetime | None, act: Callable[[AsyncSession, Order, datetime], Awaitable[None]]
    ) -> None:
        """One act at its moment, if it has one and that has come."""
        order_id: UUID | None = self._notes.orders.get(it.number)
        if at is None or at >= self._until or order_id is None:
            return
        async with self._database.session(it.client.tenant) as tx:
            with clock.at(at):
                await act(tx, await order_of(tx, order_id), at)
