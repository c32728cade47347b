"""The journey that everything serves, over HTTP, told step by step with what really came back."""

import asyncio
import json
import time
from calendar import monthrange
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from libs.bus.ids import uuid7
from libs.kit.auth import Principal
from libs.kit.issuer import DevIssuer
from libs.kit.personas import ANNA, MARTA, OLENA

Answer = dict[str, Any]
HEARD_WITHIN = 20.0  # seconds
RUNNERS = 10


class Journey:
    """One walk through a running platform."""

    def __init__(self, url: str, issuer: DevIssuer, console: Console) -> None:
        self._http = httpx.AsyncClient(base_url=url, trust_env=False, timeout=15)
        self._issuer, self._console = issuer, console

    async def walk(self) -> None:
        """From a press on Accept to a restated figure, and back."""
        async with self._http:
            racers = [Principal(uuid7(), "therapy", "specialist", frozenset({"specialist"})) for _ in range(RUNNERS)]
            for racer in racers:
                await self._call(racer, "POST", "/intake/v1/specialists")
                await self._call(racer, "PUT", "/intake/v1/duty", {"until": hours_from_now(2)})
            request = await self._ask()
            winner = await self._race(racers, request["id"])
            await self._talk(winner, next(each for each in racers if each != winner), request["id"])
            await self._prove(request["id"])
            await self._meet(winner, request["id"])
            await self._restate(last_month(datetime.now(UTC).date()))  # noqa: TID251 - a person's calendar

    async def _ask(self) -> Answer:
        self._step("Olena asks for help. The feed will show her request's number, category and arrival, no more.")
        request = await self._call(
            OLENA, "POST", "/intake/v1/requests", {"kind": "chat", "category": "anxiety", "locale": "uk"}
        )
        self._show("request", number=request["number"], id=request["id"], promised_until=request["promised_until"])
        return request

    async def _race(self, racers: list[Principal], request_id: str) -> Principal:
        self._step(f"{len(racers)} specialists press Accept at the same moment.")
        began = time.perf_counter()
        presses = await asyncio.gather(
            *(self._raw(each, "POST", f"/intake/v1/requests/{request_id}/acceptance") for each in racers)
        )
        took = time.perf_counter() - began
        answers = Table("answer", "place", "behind the winner", box=None)
        for press in sorted(presses, key=lambda each: each.json()["receipt"]["order"]):
            receipt = press.json()["receipt"]
            answers.add_row(str(press.status_code), str(receipt["order"]), f"{receipt['margin_ms']} ms")
        self._console.print(answers)
        (won,) = (at for at, press in enumerate(presses) if press.status_code == httpx.codes.CREATED)
        accepted = presses[won].json()
        self._show("won", conversation=accepted["conversation_id"], next_accept_at=accepted["ready_at"])
        self._show("all answered", seconds=round(took, 3))
        return racers[won]

    async def _talk(self, winner: Principal, loser: Principal, request_id: str) -> None:
        self._step("The two talk. Nobody else can read it: not the other specialists, not support.")
        path = f"/chat/v1/conversations/{request_id}"
        await self._until("the conversation is open", lambda: self._there(winner, path))
        for who, words in (
            (winner, "Вітаю! Мене звати Анна. Розкажіть, що сталося?"),
            (OLENA, "Доброго дня. Не можу заснути вже третю ніч."),
        ):
            sent = await self._call(who, "POST", f"{path}/messages", {"body": words, "client_message_id": str(uuid7())})
            self._show(f"{who.role} wrote", seq=sent["seq"])
        read = await self._call(OLENA, "GET", f"{path}/messages")
        self._show("Olena reads", messages=len(read["items"]))
        for who, name in ((loser, "another specialist"), (MARTA, "support")):
            refused = await self._raw(who, "GET", f"{path}/messages")
            self._show(f"{name} tries to read", status=refused.status_code, code=refused.json()["code"])

    async def _prove(self, request_id: str) -> None:
        path = f"/chat/v1/conversations/{request_id}"
        self._step(
            "Olena shows support one message, with a word hidden. Support learns that it is genuine, and no more."
        )
        shown = await self._call(OLENA, "POST", f"{path}/excerpts", {"messages": [{"seq": 1, "hidden_words": [2]}]})
        (excerpt,) = shown["items"]
        self._show("what leaves", words="".join(word or "▮▮▮ " for word in excerpt["words"]))
        verdict = await self._call(MARTA, "POST", "/chat/v1/excerpt-verifications", shown)
        self._show("verified", **{name: verdict["items"][0][name] for name in ("genuine", "side", "seq", "at")})
        excerpt["words"][0] = "Прощавайте! "
        forged = await self._call(MARTA, "POST", "/chat/v1/excerpt-verifications", shown)
        self._show("with one word changed", genuine=forged["items"][0]["genuine"])
        ledger = await self._call(OLENA, "GET", f"{path}/access-ledger")
        self._step("Who has read this conversation so far: a chain of entries that both sides can fetch and verify.")
        for entry in ledger["entries"]:
            self._show(f"entry {entry['n']}", side=entry["side"], use=entry["use"], digest=entry["digest"][:16] + "…")

    async def _meet(self, winner: Principal, request_id: str) -> None:
        self._step("They agree on a first session, and it is held.")
        starts_at = datetime.now(UTC) + timedelta(seconds=1)  # noqa: TID251 - a person's watch
        session = await self._call(
            winner, "POST", f"/intake/v1/requests/{request_id}/sessions", {"starts_at": starts_at.isoformat()}
        )
        await asyncio.sleep(1.2)
        held = await self._call(winner, "POST", f"/intake/v1/sessions/{session['id']}/outcome", {"outcome": "held"})
        self._show("session", id=held["id"], number=held["number"], outcome=held["outcome"])
        path = f"/stats/v1/specialists/{winner.id}/figures"

        async def counted() -> bool:
            return bool(_counts(await self._call(winner, "GET", path))["won"])

        await self._until("the figure has heard of it", counted)
        self._figures("the winner's figure", await self._call(winner, "GET", path))

    async def _restate(self, window: str) -> None:
        self._step(f"Now Anna's figures of last month ({window}). One of her requests was no request at all.")
        anna = f"/stats/v1/specialists/{ANNA.id}"
        before = await self._call(ANNA, "GET", f"{anna}/figures?{window}")
        self._figures("before", before)
        lost = await self._lost(f"{anna}/figures/conversion/explanation?{window}")
        self._show("the explanation names", request=lost["id"], day=lost["day"], stands=lost["stands"])
        decision = {"decisions": [{"request_id": lost["id"], "ground": "platform_test"}]}
        supposed = await self._call(ANNA, "POST", f"{anna}/what-if?{window}", decision)
        self._figures("what if it were struck", supposed["after"])
        ticket = await self._plead(lost["id"])
        asked_at = before["known_at"]
        excluded = await self._decide(ticket, "decision", {"outcome": "excluded"})
        after = await self._changed(f"{anna}/figures?{window}", before)
        self._figures("after", after)
        self._show("just as supposed", equal=_same(after, supposed["after"]))
        then = await self._call(ANNA, "GET", f"{anna}/figures?{window}&known_at={asked_at}")
        self._figures("as it was known before", then)
        self._show("just as it was shown then", equal=_same(then, before))
        since = {"from": asked_at, "limit": 100}
        changes = await self._call(ANNA, "GET", f"{anna}/changes", params=since)
        for change in changes["items"]:
            if change["decision_id"] == excluded["id"]:
                self._show("why", day=change["day"], deltas=json.dumps(change["deltas"]))
        self._step("Support finds that it was wrong, and puts the request back: everything is as it was.")
        await self._decide(ticket, "reinstatement", None)
        restored = await self._changed(f"{anna}/figures?{window}", after)
        self._figures("restored", restored)
        self._show("just as before", equal=_same(restored, before))

    async def _lost(self, path: str) -> Answer:
        """The first engagement of the window that counts as lost and that nobody has decided on."""
        page = await self._call(ANNA, "GET", f"{path}&limit=100")
        return next(each for each in page["items"] if each["stands"] == "lost" and each["decision_id"] is None)

    async def _plead(self, request_id: str) -> Answer:
        self._step("Anna asks support to strike it, with evidence; Marta sees it in her queue.")
        ticket = await self._call(ANNA, "POST", "/support/v1/tickets", {
            "request_id": request_id, "ground": "platform_test",
            "explanation": "The client wrote that they were only trying the form.",
            "evidence": "Screenshot of the whole conversation.",
        })  # fmt: skip
        queue = await self._call(MARTA, "GET", "/support/v1/tickets?status=open&limit=100")
        self._show("ticket", id=ticket["id"], ground=ticket["ground"], in_queue=len(queue["items"]))
        return ticket

    async def _decide(self, ticket: Answer, what: str, verdict: Answer | None) -> Answer:
        seen = await self._raw(MARTA, "GET", f"/support/v1/tickets/{ticket['id']}")
        headers = {"If-Match": seen.headers["ETag"]}
        decided = await self._call(
            MARTA, "POST", f"/support/v1/tickets/{ticket['id']}/{what}", verdict, headers=headers
        )
        self._show("Marta decides", outcome=decided["outcome"], version=decided["version"], id=decided["id"])
        return decided

    async def _changed(self, path: str, before: Answer) -> Answer:
        async def changed() -> bool:
            return bool(_counts(await self._call(ANNA, "GET", path)) != _counts(before))

        await self._until("the past is rewritten", changed)
        return await self._call(ANNA, "GET", path)

    async def _there(self, who: Principal, path: str) -> bool:
        return (await self._raw(who, "GET", path)).status_code == httpx.codes.OK

    async def _until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        """Events take a moment; say how long this one took."""
        began = time.perf_counter()
        async with asyncio.timeout(HEARD_WITHIN):
            while not await holds():  # noqa: ASYNC110 - another process makes it so
                await asyncio.sleep(0.01)
        self._show(what, after_seconds=round(time.perf_counter() - began, 3))

    async def _call(self, who: Principal, method: str, path: str, body: Answer | None = None, **options: Any) -> Answer:
        answer = await self._raw(who, method, path, body, **options)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: Answer = answer.json()
        return found

    async def _raw(
        self, who: Principal, method: str, path: str, body: Answer | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._issuer.token(who)}", "Idempotency-Key": uuid7().hex}
        headers |= options.pop("headers", {})
        return await self._http.request(method, path, json=body, headers=headers, **options)

    def _step(self, words: str) -> None:
        self._console.print(f"\n[bold]{words}[/bold]")

    def _show(self, what: str, **found: object) -> None:
        self._console.print(f"  {what}: " + ", ".join(f"{name} {value}" for name, value in found.items()), markup=False)

    def _figures(self, what: str, found: Answer) -> None:
        figure, counts = found["conversion"], {name: _counts(found)[name] for name in ("won", "lost", "excluded")}
        low, high = figure["interval"]["low"], figure["interval"]["high"]
        self._console.print(
            f"  {what}: conversion {figure['estimate']:.4f} [{low:.3f} {high:.3f}] {json.dumps(counts)}, "
            f"{figure['versus_platform']['words']}; overall {found['overall']['value']:.2f}", markup=False,
        )  # fmt: skip


def _counts(figures: Answer) -> Answer:
    """What the conversion is made of."""
    counts: Answer = figures["conversion"]["counts"]
    return counts


def _same(one: Answer, other: Answer) -> bool:
    """Whether two answers give the same figures, whenever they were asked."""
    names = ("conversion", "effectiveness", "retention", "reviews", "reply_promise")
    return one["overall"] == other["overall"] and all(
        one[name]["estimate"] == other[name]["estimate"] and one[name]["counts"] == other[name]["counts"]
        for name in names
    )


def last_month(today: date) -> str:
    """The days of the month before, as the query of a window."""
    end = today.replace(day=1) - timedelta(days=1)
    return f"from={end.replace(day=1)}&to={end.replace(day=monthrange(end.year, end.month)[1])}"


def hours_from_now(hours: int) -> str:
    """A moment, as it goes over HTTP."""
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()  # noqa: TID251 - a person's watch
