"""Specialists ask, support decides, and what was decided has one history."""

from asyncio import create_task, gather, wait
from dataclasses import replace
from typing import Any, get_args
from uuid import UUID

import pytest
import structlog
from sqlalchemy import select, text

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events import encode
from libs.events.support import ExclusionDecided, Ground, RequestDenied, TicketOpened
from services.support import commands, queries
from services.support.domain import DenialReason, Exclude, TicketUnknown
from services.support.tables import DecisionRow, EngagementRow, TicketRow
from tests.canary import tables_with
from tests.people import (
    ANNA,
    BORIS,
    MARTA,
    OLENA,
    OMAR,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    Principal,
)
from tests.support.scenes import EVIDENCE, EXPLANATION, OPENED, Desk, accepted, hear, request_of, said

CANARY = "canary-Снігур-4409"


def in_role(person: Principal, role: str) -> Principal:
    return replace(person, role=role, roles=frozenset({role}))


OUTSIDERS = {
    "the client": OLENA, "another client": TARAS, "ops": OMAR, "a client elsewhere": STRANGE_CLIENT,
    "another specialist": BORIS, "a specialist elsewhere": STRANGE_SPECIALIST, "support elsewhere": STRANGE_SUPPORT,
    "the author's id elsewhere": replace(ANNA, tenant="clinics"),
} | {
    f"{role} with the author's own id": in_role(ANNA, role)
    for role in ("client", "clinic", "clinician", "analyst", "ops", "partner", "admin")
}  # fmt: skip


class TestAsking:
    """POST /tickets."""

    async def test_r1_a_specialist_asks_about_a_request_of_theirs(self, support_service: Any, anna: Desk):
        request_id = await request_of(support_service)
        answer = await anna.ask(request_id)
        assert answer.status_code == 201
        ticket = answer.json()
        assert (ticket["request_id"], ticket["specialist_id"]) == (str(request_id), str(ANNA.id))
        assert (ticket["status"], ticket["version"], ticket["has_evidence"]) == ("open", 1, True)
        (event,) = await said(support_service)
        assert isinstance(event, TicketOpened)
        assert (event.request_id, event.specialist_id, event.ground) == (request_id, ANNA.id, "platform_test")

    async def test_r4_a_ticket_names_the_client_and_the_ground(self, support_service: Any, anna: Desk):
        ticket = (await anna.ask(await request_of(support_service), ground="spam")).json()
        assert (ticket["client_id"], ticket["ground"]) == (str(OLENA.id), "spam")

    @pytest.mark.parametrize("ground", get_args(Ground))
    async def test_r1_r2_r3_every_ground_can_be_named(self, support_service: Any, anna: Desk, ground: str):
        assert (await anna.ask(await request_of(support_service), ground=ground)).status_code == 201

    async def test_a_request_of_somebody_else_is_not_found(self, support_service: Any, boris: Desk):
        answer = await boris.ask(await request_of(support_service))
        assert (answer.status_code, answer.json()["code"]) == (404, "request_unknown")
        assert await said(support_service) == []

    async def test_a_request_that_support_has_not_heard_of_can_be_asked_about_again(
        self, support_service: Any, anna: Desk
    ):
        event = accepted()
        asked = {"request_id": str(event.request_id), "ground": "spam", "explanation": EXPLANATION}
        early = await anna.post("tickets", asked, key="press-1")
        assert (early.status_code, early.json()["code"]) == (409, "request_not_heard_of")
        assert early.headers["Retry-After"]
        await hear(support_service, event)
        assert (await anna.post("tickets", asked, key="press-1")).status_code == 201

    async def test_a_request_of_another_tenant_is_as_unheard_of_as_none(self, support_service: Any, anna: Desk):
        theirs = await request_of(support_service, by=STRANGE_SPECIALIST, client=STRANGE_CLIENT)
        one, none = await anna.ask(theirs), await anna.ask(uuid7())
        assert one.status_code == none.status_code == 409
        assert one.json()["code"] == none.json()["code"]

    async def test_one_ticket_at_a_time_and_the_refusal_names_it(self, support_service: Any, anna: Desk):
        request_id = await request_of(support_service)
        first = await anna.ticket(request_id)
        answer = await anna.ask(request_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "ticket_still_open")
        assert answer.json()["ticket_id"] == first

    async def test_asking_many_times_at_once_opens_one_ticket(self, support_service: Any, anna: Desk):
        request_id = await request_of(support_service)
        answers = await gather(*(anna.ask(request_id) for _ in range(8)))
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        assert len(await said(support_service)) == 1

    async def test_the_same_key_opens_one_ticket(self, support_service: Any, anna: Desk):
        asked = {"request_id": str(await request_of(support_service)), "ground": "spam", "explanation": EXPLANATION}
        first, second = await anna.post("tickets", asked, key="p"), await anna.post("tickets", asked, key="p")
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert (await anna.post("tickets", asked | {"ground": "gibberish"}, key="p")).status_code == 422
        bare = await anna.client.post("tickets", json=asked, headers=anna.headers)
        assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_missing")
        assert len(await said(support_service)) == 1

    async def test_what_is_struck_needs_no_second_ticket(self, support_service: Any, anna: Desk, marta: Desk):
        request_id = await request_of(support_service)
        await marta.decide(await anna.ticket(request_id))
        answer = await anna.ask(request_id)
        assert (answer.status_code, answer.json()["code"]) == (409, "already_excluded")

    async def test_after_a_denial_a_specialist_may_ask_again(self, support_service: Any, anna: Desk, marta: Desk):
        request_id = await request_of(support_service)
        first = await anna.ticket(request_id, evidence=None)
        await marta.decide(first, outcome="denied", reason="no_evidence")
        assert (await anna.ask(request_id)).status_code == 201

    @pytest.mark.parametrize(
        "changes",
        [
            {"ground": "boredom"}, {"ground": None}, {"ground": ["spam"]}, {"request_id": "7"}, {"request_id": None},
            {"explanation": ""}, {"explanation": "  \n"}, {"explanation": "a\x00b"}, {"explanation": "x" * 2001},
            {"explanation": None}, {"explanation": 7}, {"evidence": ""}, {"evidence": "a\x00b"},
            {"evidence": "x" * 2001}, {"status": "excluded"}, {"version": 9}, {"specialist_id": str(BORIS.id)},
            {"tenant": "clinics"}, {"client_id": str(TARAS.id)}, {"excluded": True},
        ],
        ids=str,
    )  # fmt: skip
    async def test_what_is_no_ticket_is_refused(self, support_service: Any, anna: Desk, changes: dict[str, Any]):
        answer = await anna.ask(await request_of(support_service), **changes)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert await said(support_service) == []

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b'{"explanation": "' + b"x" * 1_000_000 + b'"}', 413), (b'{"explan', 400), (b"\xff\xfe", 400),
            (b"[]", 422), (b"null", 422), (b"", 422),
        ],
        ids=["megabyte", "cut", "bytes", "list", "null", "nothing"],
    )  # fmt: skip
    async def test_hostile_bodies_are_refused(self, anna: Desk, content: bytes, status: int):
        headers = anna.headers | {"Idempotency-Key": str(uuid7()), "Content-Type": "application/json"}
        answer = await anna.client.post("tickets", content=content, headers=headers)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("person", [OLENA, MARTA, OMAR, in_role(ANNA, "clinician")], ids=lambda who: who.role)
    async def test_only_specialists_ask(self, support_service: Any, support_client: Any, as_: Any, person: Principal):
        answer = await Desk(support_client, as_(person)).ask(await request_of(support_service))
        assert answer.status_code == 403
        assert await said(support_service) == []


class TestReading:
    """GET /tickets and /decisions."""

    async def test_t8_the_words_are_on_the_ticket_and_not_in_the_queue(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        ticket_id = await anna.ticket(await request_of(support_service))
        for desk in (anna, marta):
            whole = await desk.get(f"tickets/{ticket_id}")
            assert whole.json()["explanation"] == EXPLANATION
            assert whole.json()["evidence"] == EVIDENCE
            assert whole.headers["ETag"] == '"1"'
            assert EXPLANATION not in (await desk.get("tickets")).text

    @pytest.mark.parametrize("outsider", OUTSIDERS.values(), ids=OUTSIDERS)
    async def test_nobody_else_sees_or_decides_a_ticket(
        self, support_service: Any, support_client: Any, as_: Any, anna: Desk, outsider: Principal
    ):
        request_id = await request_of(support_service)
        ticket_id = await anna.ticket(request_id, explanation=CANARY)
        desk = Desk(support_client, as_(outsider))
        answers = [
            await desk.get("tickets"),
            await desk.get(f"tickets/{ticket_id}"),
            await desk.get("decisions", request_id=request_id),
            await desk.decide(ticket_id, '"1"'),
            await desk.reinstate(ticket_id, '"1"'),
        ]
        lists = [answers[0], answers[2]]
        assert all(answer.status_code in {403, 404} for answer in answers if answer not in lists)
        assert all(answer.status_code == 403 or answer.json()["items"] == [] for answer in lists)
        assert not any(CANARY in answer.text for answer in answers)
        assert [type(event) for event in await said(support_service)] == [TicketOpened]

    async def test_a_foreign_ticket_answers_as_none_at_all(self, support_service: Any, anna: Desk, boris: Desk):
        ticket_id = await anna.ticket(await request_of(support_service))
        theirs, none = await boris.get(f"tickets/{ticket_id}"), await boris.get(f"tickets/{uuid7()}")
        assert theirs.status_code == none.status_code == 404
        assert theirs.json()["title"] == none.json()["title"]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "tickets"), ("POST", "tickets"), ("GET", "tickets/{}"), ("POST", "tickets/{}/decision"),
            ("POST", "tickets/{}/reinstatement"), ("GET", "decisions"),
        ],
    )  # fmt: skip
    async def test_nobody_comes_in_without_a_token(self, support_client: Any, method: str, path: str):
        assert (await support_client.request(method, path.format(uuid7()), json={})).status_code == 401

    async def test_the_second_wall_hides_everything_from_another_tenant(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        await marta.decide(await anna.ticket(await request_of(support_service)))
        for tenant in ("clinics", ""):
            async with support_service.database.session(tenant) as tx:
                for table in (TicketRow, EngagementRow, DecisionRow):
                    assert (await tx.scalars(select(table))).all() == []

    async def test_the_first_wall_stands_without_the_second(self, support_service: Any, anna: Desk, marta: Desk):
        """Where all tenants' rows can be seen, an agent still finds their own tenant's only."""
        request_id = await request_of(support_service)
        ticket_id = UUID(await anna.ticket(request_id))
        await marta.decide(str(ticket_id))
        async with support_service.database.session("*") as tx:
            assert await queries.tickets(tx, STRANGE_SUPPORT, status=None, after=None, limit=10) == []
            assert await queries.decisions(tx, STRANGE_SUPPORT, request_id, after=None, limit=10) == []
            with pytest.raises(TicketUnknown):
                await queries.ticket(tx, ticket_id, STRANGE_SUPPORT)
            with pytest.raises(TicketUnknown):
                await commands.reinstate(tx, ticket_id, agent=STRANGE_SUPPORT, if_match='"2"', now=OPENED)

    async def test_an_agent_goes_through_forty_tickets_oldest_first(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        asked = [await anna.ticket(await request_of(support_service)) for _ in range(40)]
        denied = asked[::4]
        for ticket_id in denied:
            await marta.decide(ticket_id, '"1"', outcome="denied", reason="other")
        queue = await marta.all("tickets", status="open", limit=7)
        assert [ticket["id"] for ticket in queue] == [ticket for ticket in asked if ticket not in denied]
        assert [ticket["id"] for ticket in await marta.all("tickets", status="denied", limit=3)] == denied
        assert [ticket["id"] for ticket in await marta.all("tickets", limit=100)] == asked

    async def test_a_queue_that_moves_while_it_is_read_repeats_and_skips_nobody(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        asked = [await anna.ticket(await request_of(support_service)) for _ in range(6)]
        first = (await marta.get("tickets", status="open", limit=3)).json()
        await marta.decide(asked[0], '"1"')
        asked.append(await anna.ticket(await request_of(support_service)))
        rest = await marta.all("tickets", status="open", limit=3, cursor=first["next"])
        assert [ticket["id"] for ticket in first["items"] + rest] == asked

    async def test_a_specialist_sees_their_own_tickets_only(self, support_service: Any, anna: Desk, boris: Desk):
        hers = await anna.ticket(await request_of(support_service))
        his = await boris.ticket(await request_of(support_service, by=BORIS))
        assert [ticket["id"] for ticket in await anna.all("tickets")] == [hers]
        assert [ticket["id"] for ticket in await boris.all("tickets")] == [his]

    async def test_support_sees_its_own_tenant_s_queue_only(
        self, support_service: Any, support_client: Any, as_: Any, anna: Desk, marta: Desk
    ):
        ours = await anna.ticket(await request_of(support_service))
        elsewhere = await request_of(support_service, by=STRANGE_SPECIALIST, client=STRANGE_CLIENT)
        theirs = await Desk(support_client, as_(STRANGE_SPECIALIST)).ticket(elsewhere)
        assert [ticket["id"] for ticket in await marta.all("tickets")] == [ours]
        strange = Desk(support_client, as_(STRANGE_SUPPORT))
        assert [ticket["id"] for ticket in await strange.all("tickets")] == [theirs]
        assert (await strange.decide(ours, '"1"')).status_code == 404

    @pytest.mark.parametrize(
        "query", [{"status": "lost"}, {"limit": 0}, {"limit": 101}, {"cursor": "forged"}, {"cursor": "x" * 2000}]
    )
    async def test_lists_that_cannot_be_are_refused(self, support_service: Any, marta: Desk, query: dict[str, Any]):
        assert support_service.started
        assert (await marta.get("tickets", **query)).status_code in {400, 422}

    async def test_decisions_are_asked_for_by_request(self, support_service: Any, marta: Desk):
        assert support_service.started
        assert (await marta.get("decisions")).status_code == 422
        assert (await marta.get("decisions", request_id=uuid7())).json() == {"items": [], "next": None}


class TestDeciding:
    """POST /tickets/{id}/decision and /reinstatement."""

    async def test_an_exclusion_is_version_one(self, support_service: Any, anna: Desk, marta: Desk):
        request_id = await request_of(support_service)
        ticket_id = await anna.ticket(request_id)
        answer = await marta.decide(ticket_id)
        assert answer.status_code == 201
        decision = answer.json()
        assert (decision["outcome"], decision["version"], decision["ground"]) == ("excluded", 1, "platform_test")
        event = (await said(support_service))[-1]
        assert isinstance(event, ExclusionDecided)
        assert (event.request_id, event.specialist_id, event.version) == (request_id, ANNA.id, 1)
        assert event.excluded
        assert str(event.decision_id) == decision["id"]
        ticket = (await anna.get(f"tickets/{ticket_id}")).json()
        assert (ticket["status"], ticket["version"]) == ("excluded", 2)

    @pytest.mark.parametrize("reason", get_args(DenialReason))
    async def test_r6_a_denial_gives_one_of_the_listed_reasons(
        self, support_service: Any, anna: Desk, marta: Desk, reason: str
    ):
        ticket_id = await anna.ticket(await request_of(support_service))
        answer = await marta.decide(ticket_id, outcome="denied", reason=reason)
        assert answer.status_code == 201
        assert (answer.json()["outcome"], answer.json()["version"], answer.json()["reason"]) == ("denied", None, reason)
        event = (await said(support_service))[-1]
        assert isinstance(event, RequestDenied)
        assert event.reason == reason

    async def test_r16_nothing_is_excluded_without_evidence(self, support_service: Any, anna: Desk, marta: Desk):
        ticket_id = await anna.ticket(await request_of(support_service), evidence=None)
        answer = await marta.decide(ticket_id)
        assert (answer.status_code, answer.json()["code"]) == (422, "evidence_missing")
        assert "no_evidence" in answer.json()["title"]
        assert [type(event) for event in await said(support_service)] == [TicketOpened]

    async def test_an_agent_may_name_another_ground(self, support_service: Any, anna: Desk, marta: Desk):
        ticket_id = await anna.ticket(await request_of(support_service))
        answer = await marta.decide(ticket_id, outcome="excluded", ground="gibberish")
        assert answer.json()["ground"] == "gibberish"
        assert (await marta.reinstate(ticket_id)).json()["ground"] == "gibberish"

    @pytest.mark.parametrize(
        "verdict",
        [
            {"outcome": "maybe"}, {"outcome": None}, {"reason": "other"}, {"outcome": "denied"},
            {"outcome": "denied", "reason": "I did not like it"}, {"outcome": "excluded", "reason": "other"},
            {"outcome": "denied", "reason": "other", "ground": "spam"}, {"outcome": "excluded", "ground": "boredom"},
            {"outcome": "excluded", "version": 9}, {"outcome": "excluded", "specialist_id": str(BORIS.id)},
            {"outcome": "reinstated"},
        ],
        ids=str,
    )  # fmt: skip
    async def test_what_is_no_verdict_is_refused(
        self, support_service: Any, anna: Desk, marta: Desk, verdict: dict[str, Any]
    ):
        ticket_id = await anna.ticket(await request_of(support_service))
        answer = await marta.decide(ticket_id, **verdict)
        assert answer.status_code == 422
        assert [type(event) for event in await said(support_service)] == [TicketOpened]

    @pytest.mark.parametrize("act", ["decision", "reinstatement"])
    async def test_an_agent_says_what_they_have_seen(self, support_service: Any, anna: Desk, marta: Desk, act: str):
        ticket_id = await anna.ticket(await request_of(support_service))
        unseen = await marta.post(f"tickets/{ticket_id}/{act}", {"outcome": "excluded"})
        assert unseen.status_code == 428, unseen.text
        stale = await marta.post(f"tickets/{ticket_id}/{act}", {"outcome": "excluded"}, If_Match='"7"')
        assert stale.status_code == 412
        assert (await marta.get(f"tickets/{ticket_id}")).json()["status"] == "open"

    async def test_two_agents_at_once_make_one_decision(
        self, support_service: Any, anna: Desk, marta: Desk, sofia: Desk
    ):
        for _ in range(5):
            ticket_id = await anna.ticket(await request_of(support_service))
            answers = await gather(
                marta.decide(ticket_id, '"1"'),
                sofia.decide(ticket_id, '"1"', outcome="denied", reason="normal_flow"),
                marta.decide(ticket_id, '"1"'),
                sofia.decide(ticket_id, '"1"'),
            )
            assert sorted(answer.status_code for answer in answers) == [201, 412, 412, 412]
            (loser, *_) = [answer for answer in answers if answer.status_code == 412]
            assert loser.json()["title"] == "This has changed since you read it. Read it again, then decide."
        assert len(await said(support_service)) == 10

    async def test_a_decision_repeated_under_its_key_is_one_decision(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        ticket_id = await anna.ticket(await request_of(support_service))
        path, verdict = f"tickets/{ticket_id}/decision", {"outcome": "excluded"}
        first = await marta.post(path, verdict, key="press-1", If_Match='"1"')
        second = await marta.post(path, verdict, key="press-1", If_Match='"1"')
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert len(await said(support_service)) == 2

    async def test_d13_every_turn_is_one_version_more(self, support_service: Any, anna: Desk, marta: Desk):
        request_id = await request_of(support_service)
        ticket_id = await anna.ticket(request_id)
        await marta.decide(ticket_id, outcome="denied", reason="other")
        for _ in range(2):
            assert (await marta.decide(ticket_id)).status_code == 201
            assert (await marta.reinstate(ticket_id)).status_code == 201
        turns = [
            (event.version, event.excluded)
            for event in await said(support_service)
            if isinstance(event, ExclusionDecided)
        ]
        assert turns == [(1, True), (2, False), (3, True), (4, False)]
        history = await marta.all("decisions", request_id=request_id, limit=2)
        assert [(turn["outcome"], turn["version"]) for turn in history] == [
            ("denied", None), ("excluded", 1), ("reinstated", 2), ("excluded", 3), ("reinstated", 4),
        ]  # fmt: skip
        assert await anna.all("decisions", request_id=request_id) == history

    async def test_d13_several_tickets_of_one_request_have_one_register(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        request_id = await request_of(support_service)
        first = await anna.ticket(request_id)
        await marta.decide(first)
        await marta.reinstate(first)
        second = await anna.ticket(request_id)
        assert (await marta.decide(second)).json()["version"] == 3
        refused = await marta.decide(first)
        assert (refused.status_code, refused.json()["code"]) == (409, "already_excluded")
        assert (await marta.reinstate(first)).json()["code"] == "nothing_to_reinstate"
        assert (await marta.reinstate(second)).json()["version"] == 4

    async def test_striking_a_request_settles_the_ticket_that_still_waits(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        request_id = await request_of(support_service)
        first = await anna.ticket(request_id)
        await marta.decide(first, outcome="denied", reason="no_evidence")
        second = await anna.ticket(request_id)
        seen = await marta.seen(second)
        assert (await marta.decide(first)).json()["version"] == 1
        assert (await anna.get(f"tickets/{second}")).json()["status"] == "excluded"
        assert await marta.all("tickets", status="open") == []
        assert (await marta.decide(second, seen, outcome="denied", reason="other")).status_code == 412
        await marta.reinstate(second)
        assert {ticket["status"] for ticket in await marta.all("tickets")} == {"reinstated"}

    async def test_a_ticket_filed_while_its_request_is_being_struck_waits_and_is_refused(
        self, support_service: Any, anna: Desk, marta: Desk
    ):
        request_id = await request_of(support_service)
        first = await anna.ticket(request_id)
        await marta.decide(first, outcome="denied", reason="no_evidence")
        async with support_service.database.session(THERAPY) as tx:
            await commands.decide(tx, UUID(first), Exclude(ground=None), agent=MARTA, if_match='"2"', now=OPENED)
            filing = create_task(anna.ask(request_id))
            while not (await wait({filing}, timeout=0.01))[0] and not await somebody_waits(support_service):
                pass
        answer = await filing
        assert (answer.status_code, answer.json()["code"]) == (409, "already_excluded")
        assert await marta.all("tickets", status="open") == []

    async def test_two_tickets_of_one_request_decided_at_once_take_turns(
        self, support_service: Any, anna: Desk, marta: Desk, sofia: Desk
    ):
        for _ in range(5):
            request_id = await request_of(support_service)
            first = await anna.ticket(request_id)
            await marta.decide(first, outcome="denied", reason="other")
            second = await anna.ticket(request_id)
            answers = await gather(marta.decide(first, '"2"'), sofia.decide(second, '"1"'))
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses in ([201, 409], [201, 412])
        versions = [event.version for event in await said(support_service) if isinstance(event, ExclusionDecided)]
        assert versions == [1] * 5

    async def test_what_was_never_struck_cannot_be_put_back(self, support_service: Any, anna: Desk, marta: Desk):
        ticket_id = await anna.ticket(await request_of(support_service))
        assert (await marta.reinstate(ticket_id)).json()["code"] == "nothing_to_reinstate"

    async def test_a_ticket_that_is_not_there_is_not_decided(self, support_service: Any, marta: Desk):
        assert support_service.started
        assert (await marta.decide(str(uuid7()), '"1"')).status_code == 404
        assert (await marta.reinstate(str(uuid7()), '"1"')).status_code == 404

    async def test_a_specialist_decides_nothing(self, support_service: Any, anna: Desk):
        ticket_id = await anna.ticket(await request_of(support_service))
        assert (await anna.decide(ticket_id)).status_code == 403
        assert (await anna.reinstate(ticket_id)).status_code == 403

    async def test_an_agent_who_is_a_specialist_too_leaves_their_own_ticket_to_others(
        self, support_service: Any, support_client: Any, as_: Any, anna: Desk
    ):
        ticket_id = await anna.ticket(await request_of(support_service))
        both = Desk(support_client, as_(replace(ANNA, roles=frozenset({"specialist", "support"}))))
        for answer in (await both.decide(ticket_id), await both.reinstate(ticket_id)):
            assert (answer.status_code, answer.json()["code"]) == (403, "own_ticket")


async def test_r16_the_words_are_in_one_table_and_nowhere_else(
    support_service: Any,
    anna: Desk,
    marta: Desk,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    with structlog.testing.capture_logs() as lines:
        request_id = await request_of(support_service)
        await anna.ask(request_id, ground=CANARY, explanation=CANARY, evidence=CANARY)
        ticket_id = await anna.ticket(request_id, explanation=CANARY, evidence=CANARY)
        await anna.ask(request_id, explanation=CANARY)
        await marta.decide(ticket_id)
        await marta.reinstate(ticket_id)
    assert CANARY not in "".join(capfd.readouterr()) + caplog.text + repr(lines)
    assert not any(CANARY.encode() in encode(event) for event in await outbox(support_service.database.engine))
    assert await tables_with(support_service, CANARY) == {"tickets"}


async def test_a_history_never_forgets(support_service: Any, anna: Desk, marta: Desk):
    """Every decision keeps who made it."""
    await marta.decide(await anna.ticket(await request_of(support_service)))
    async with support_service.database.session(THERAPY) as tx:
        (decision,) = (await tx.scalars(select(DecisionRow))).all()
    assert decision.decided_by == MARTA.id


async def somebody_waits(service: Any) -> bool:
    """Whether a statement of this service waits for a lock."""
    async with service.database.begin() as connection:
        waiting = text(
            "SELECT EXISTS (SELECT FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock')"
        )
        return bool(await connection.scalar(waiting))
