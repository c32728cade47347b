"""People of the house answer cases: the most urgent first, and each is answered by one of them."""

from asyncio import create_task, gather, sleep
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.auth import Principal
from services.support.tables import CaseRow
from tests.people import MARTA, SOFIA, THERAPY, VERA
from tests.support.pleas import CLINICAL, HOUR, KINDS, NOON, QUARTER, REFUSALS, TICK, cases, plea, pleaded
from tests.support.scenes import Desk, hear


def clinicians(client: Any, as_: Any, count: int) -> list[Desk]:
    """Colleagues of Vera's."""
    people = [Principal(uuid7(), THERAPY, "clinician", frozenset({"clinician"})) for _ in range(count)]
    return [Desk(client, as_(each)) for each in people]


def verdict(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json().get("code")


class TestQueue:
    """GET /cases."""

    async def test_t4_each_desk_sees_its_own_kinds_and_supervisors_see_all(
        self, support_service: Any, vera: Desk, marta: Desk, sofia: Desk
    ) -> None:
        for kind in KINDS:
            await hear(support_service, plea(kind))
        for desk, kinds in ((vera, CLINICAL), (marta, REFUSALS), (sofia, KINDS)):
            assert sorted(each["kind"] for each in await desk.all("cases")) == sorted(kinds)
            for kind in set(KINDS) - set(kinds):
                assert await desk.all("cases", kind=kind) == []

    async def test_t2_danger_comes_before_any_refusal_and_then_what_is_due_first(
        self, support_service: Any, sofia: Desk
    ) -> None:
        """Also before a refusal that has waited for days."""
        told = [
            plea("refusal", at=NOON - 48 * HOUR), plea("late_refusal", at=NOON), plea("danger", at=NOON),
            plea("safety_concern", at=NOON - TICK), plea("danger", at=NOON - HOUR),
        ]  # fmt: skip
        for each in told:
            await hear(support_service, each)
        by_urgency = [told[4], told[3], told[2], told[0], told[1]]
        for limit in (1, 2, 3, 50):
            shown = [each["request_id"] for each in await sofia.all("cases", limit=limit)]
            assert shown == [str(each.request_id) for each in by_urgency]

    async def test_what_is_closed_is_in_the_queue_no_more_and_can_be_asked_for(
        self, support_service: Any, marta: Desk
    ) -> None:
        opened, taken, closed = [await pleaded(support_service, "refusal") for _ in range(3)]
        await marta.take(taken)
        await marta.take(closed)
        await marta.close(closed, "refund")
        assert {each["id"] for each in await marta.all("cases")} == {opened, taken}
        for status, case_id in (("open", opened), ("taken", taken), ("closed", closed)):
            [shown] = await marta.all("cases", status=status)
            assert (shown["id"], shown["status"]) == (case_id, status)
        assert (await marta.get("cases", status="lost")).status_code == 422

    async def test_t2_what_nobody_took_in_time_is_flagged(
        self, support_service: Any, support_client: Any, as_: Any
    ) -> None:
        """From the moment it is due, until somebody takes it; and again if they give it back."""
        case_id = await pleaded(support_service, "danger")
        for at, overdue in ((NOON, False), (NOON + QUARTER - TICK, False), (NOON + QUARTER, True)):
            with clock.at(at):
                vera = Desk(support_client, as_(VERA))
                assert (await vera.case(case_id)).json()["overdue"] is overdue
                assert [each["overdue"] for each in await vera.all("cases")] == [overdue]
        with clock.at(NOON + HOUR):
            vera = Desk(support_client, as_(VERA))
            assert (await vera.take(case_id)).json()["overdue"] is False
            assert (await vera.give_back(case_id)).json()["overdue"] is True


class TestTaking:
    """PUT and DELETE /cases/{id}/taking."""

    async def test_t4_who_takes_a_case_answers_for_it(self, support_service: Any, vera: Desk, sofia: Desk) -> None:
        case_id = await pleaded(support_service, "danger")
        seen = await vera.case(case_id)
        assert (seen.headers["ETag"], seen.json()["taken_by"]) == ('"1"', None)
        with clock.at(NOON + TICK):
            taken = await vera.take(case_id, seen.headers["ETag"])
        assert (taken.status_code, taken.headers["ETag"]) == (200, '"2"')
        assert (taken.json()["status"], taken.json()["taken_by"]) == ("taken", str(VERA.id))
        assert datetime.fromisoformat(taken.json()["taken_at"]) == NOON + TICK
        assert (await sofia.case(case_id)).json() == taken.json()

    async def test_d11_of_many_who_take_a_case_at_once_one_has_it_and_the_others_are_told_who(
        self, support_service: Any, support_client: Any, as_: Any
    ) -> None:
        case_id = await pleaded(support_service, "danger")
        desks = clinicians(support_client, as_, 8)
        answers = await gather(*(desk.take(case_id) for desk in desks))
        [won] = [answer.json() for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code != 200]
        assert {verdict(answer) for answer in lost} == {(409, "case_taken")}
        assert all(each.json()["taken_by"] == won["taken_by"] for each in lost)
        assert all(each.json()["taken_at"] == won["taken_at"] for each in lost)
        [row] = await cases(support_service)
        assert (str(row.taken_by), row.version) == (won["taken_by"], 2)

    async def test_who_waited_for_the_winner_is_told_too(self, support_service: Any, vera: Desk) -> None:
        """The row is held by somebody who has not committed yet."""
        case_id = await pleaded(support_service, "danger")
        async with support_service.database.session(THERAPY) as tx:
            row = await tx.scalar(select(CaseRow).with_for_update())
            row.status, row.taken_by, row.taken_at, row.version = "taken", SOFIA.id, NOON, 2
            await tx.flush()
            waiting = create_task(vera.take(case_id))
            await sleep(0.3)
            assert not waiting.done()
        assert verdict(await waiting) == (409, "case_taken")

    async def test_taking_what_is_yours_changes_nothing(self, support_service: Any, vera: Desk) -> None:
        """Whatever the retry has seen."""
        case_id = await pleaded(support_service, "danger")
        first, *again = [await vera.take(case_id, seen) for seen in ('"1"', '"1"', '"2"', None)]
        assert all((each.status_code, each.json()) == (200, first.json()) for each in again)

    async def test_who_has_not_seen_a_case_takes_none(self, support_service: Any, vera: Desk, sofia: Desk) -> None:
        case_id = await pleaded(support_service, "danger")
        assert verdict(await vera.take(case_id, None)) == (428, "precondition_missing")
        await sofia.take(case_id)
        await sofia.give_back(case_id)
        assert verdict(await vera.take(case_id, '"1"')) == (412, "version_passed")
        assert (await vera.take(case_id, '"3"')).status_code == 200
        for seen, refused in ((None, (428, "precondition_missing")), ('"3"', (412, "version_passed"))):
            assert verdict(await vera.give_back(case_id, seen)) == refused
            assert verdict(await vera.close(case_id, "safe", seen)) == refused

    async def test_what_is_given_back_can_be_taken_by_another_and_is_due_when_it_was(
        self, support_service: Any, vera: Desk, sofia: Desk
    ) -> None:
        case_id = await pleaded(support_service, "safety_concern")
        before = (await vera.case(case_id)).json()
        await vera.take(case_id)
        back = (await vera.give_back(case_id)).json()
        assert back == before | {"version": 3, "overdue": back["overdue"]}
        assert (await sofia.take(case_id, '"3"')).json()["taken_by"] == str(SOFIA.id)

    async def test_nobody_gives_back_for_another_but_a_supervisor(
        self, support_service: Any, support_client: Any, as_: Any, vera: Desk, sofia: Desk
    ) -> None:
        """Who took it may have gone home."""
        case_id = await pleaded(support_service, "danger")
        [other] = clinicians(support_client, as_, 1)
        assert verdict(await sofia.give_back(case_id, '"1"')) == (409, "case_not_yours")
        await vera.take(case_id)
        assert verdict(await other.give_back(case_id)) == (409, "case_not_yours")
        assert (await sofia.give_back(case_id)).json()["status"] == "open"


class TestClosing:
    """POST /cases/{id}/closure."""

    async def test_r12_who_took_it_says_how_it_ended_for_good(
        self, support_service: Any, marta: Desk, sofia: Desk
    ) -> None:
        case_id = await pleaded(support_service, "refusal")
        assert verdict(await marta.close(case_id, "refund", '"1"')) == (409, "case_not_yours")
        await marta.take(case_id)
        assert verdict(await sofia.close(case_id, "refund")) == (409, "case_not_yours")
        with clock.at(NOON + HOUR):
            closed = await marta.close(case_id, "another_specialist")
        assert (closed.status_code, closed.headers["ETag"]) == (200, '"3"')
        end = closed.json()
        assert (end["status"], end["outcome"], end["taken_by"]) == ("closed", "another_specialist", str(MARTA.id))
        assert datetime.fromisoformat(end["closed_at"]) == NOON + HOUR
        for desk in (marta, sofia):
            assert verdict(await desk.take(case_id, '"3"')) == (409, "case_closed")
            assert verdict(await desk.give_back(case_id, '"3"')) == (409, "case_closed")
            assert verdict(await desk.close(case_id, "refund", '"3"')) == (409, "case_closed")

    async def test_closing_with_the_same_key_is_answered_the_same(self, support_service: Any, marta: Desk) -> None:
        case_id = await pleaded(support_service, "refusal")
        await marta.take(case_id)
        first, again = [await marta.close(case_id, "refund", key="once") for _ in range(2)]
        assert (first.status_code, first.json(), first.headers["ETag"]) == (200, again.json(), again.headers["ETag"])

    @pytest.mark.parametrize(("kind", "outcome"), [("refusal", "work_goes_on"), ("refusal", "safe")])
    async def test_r12_d11_a_case_ends_as_its_kind_can(
        self, support_service: Any, marta: Desk, kind: str, outcome: str
    ) -> None:
        case_id = await pleaded(support_service, kind)
        await marta.take(case_id)
        refused = await marta.close(case_id, outcome)
        assert verdict(refused) == (422, "outcome_unfit")
        assert "refund" in refused.json()["detail"]
        assert (await marta.case(case_id)).json()["status"] == "taken"

    async def test_of_closing_and_giving_back_at_once_one_happens(
        self, support_service: Any, vera: Desk, sofia: Desk
    ) -> None:
        case_id = await pleaded(support_service, "danger")
        await vera.take(case_id)
        answers = await gather(vera.close(case_id, "safe"), sofia.give_back(case_id))
        assert sorted(answer.status_code for answer in answers) == [200, 412]
