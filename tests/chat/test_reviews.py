"""Talks about reviews: who may open one, what both are told, and how its matter is settled."""

from asyncio import gather
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import ConversationEnded, ConversationOpened, ConversationReopened, ProblemReopened, ProblemSolved
from libs.events.intake import RequestDeactivated
from libs.events.partners import ReviewChanged, ReviewLeft
from libs.kit import clock
from tests.chat.scenes import NOW, conversation, hear, heard, say
from tests.people import ANNA, BORIS, HILL, MARTA, OLENA, OMAR, SOFIA, TARAS, THERAPY, Principal

VALLEY = Principal(UUID("01900000-0000-7000-8000-000000000062"), THERAPY, "clinic", frozenset({"clinic"}))
WHO = {"name": "Iryna Shevchuk", "position": "Head of patient care", "organisation": "Clinic on the Hill"}


def left(**changes: Any) -> ReviewLeft:
    known: dict[str, Any] = {
        "tenant": THERAPY, "at": NOW, "review_id": uuid7(), "specialist_id": ANNA.id, "stars": 2, "version": 1,
        "client_id": OLENA.id, "clinic_id": HILL.id,
    }  # fmt: skip
    return ReviewLeft(**(known | changes))


class Desk:
    """A clinic's, or a specialist's, way to talk about reviews."""

    def __init__(self, http: Any, as_: Any, service: Any) -> None:
        self._http, self._as, self._service = http, as_, service

    async def reviewed(self, **changes: Any) -> UUID:
        event = left(**changes)
        await hear(self._service, event)
        return event.review_id

    async def introduced(self, who: Principal = HILL) -> None:
        answer = await self._http.put("representatives/mine", json=WHO, headers=self._as(who))
        assert answer.status_code == 200, answer.text

    async def open(self, review_id: UUID, who: Principal = HILL, **told: Any) -> Any:
        body = {"review_id": str(review_id), "purpose": "solve", "understood": True} | told
        return await self._http.post("conversations", json=body, headers=self._as(who, key=uuid7().hex))

    async def opened(self, who: Principal = HILL, **told: Any) -> UUID:
        await self.introduced(who)
        answer = await self.open(await self.reviewed(), who, **told)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["conversation"]["id"])

    async def press(self, who: Principal, method: str, talk: UUID, button: str) -> Any:
        return await self._http.request(method, f"conversations/{talk}/{button}", headers=self._as(who))

    async def said(self, *kinds: type) -> list[Any]:
        return [each.data for each in await outbox(self._service.database.engine) if isinstance(each.data, kinds)]


@pytest_asyncio.fixture
async def desk(chat_client: Any, as_: Any, chat_service: Any) -> Desk:
    return Desk(chat_client, as_, chat_service)


async def test_p1_a_clinic_opens_a_talk_on_its_review_and_its_author_reads_the_greeting(
    desk: Desk, chat_client: Any, as_: Any
):
    talk = await desk.opened(greeting="Добрий день. Що сталося?")
    seen = (await chat_client.get(f"conversations/{talk}", headers=as_(OLENA))).json()
    assert (seen["purpose"], seen["privacy_mode"], seen["side"]) == ("solve", "sealed", "client")
    assert [each["side"] for each in seen["readers"]] == ["client", "clinic"]
    (greeting,) = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert (greeting["side"], greeting["body"]) == ("clinic", "Добрий день. Що сталося?")
    (opened,) = await desk.said(ConversationOpened)
    assert (opened.purpose, opened.clinic_id, opened.specialist_id) == ("solve", HILL.id, ANNA.id)


async def test_p1_the_specialist_whom_it_is_about_may_open_it_as_well(desk: Desk, chat_client: Any, as_: Any):
    talk = await desk.opened(ANNA)
    (greeting,) = (await heard(chat_client, as_(OLENA), talk))["items"]
    assert greeting["side"] == "specialist"
    assert "Iryna Shevchuk" in greeting["body"], "P5: the house's own greeting, in the name of who writes"


@pytest.mark.parametrize("who", [VALLEY, BORIS], ids=["another clinic", "another specialist"])
async def test_p1_a_review_of_others_does_not_exist(desk: Desk, chat_client: Any, as_: Any, who: Principal):
    await desk.introduced(who)
    review = await desk.reviewed()
    assert (await desk.open(review, who)).json()["code"] == "review_unknown"
    assert (await chat_client.get(f"reviews/{review}/advice", headers=as_(who))).status_code == 404
    assert (await desk.open(uuid7(), HILL)).status_code == 404


@pytest.mark.parametrize("who", [OLENA, MARTA, SOFIA, OMAR])
async def test_p1_nobody_else_opens_talks(desk: Desk, who: Principal):
    assert (await desk.open(await desk.reviewed(), who)).status_code == 403


async def test_p3_who_would_solve_is_warned_before_that_either_score_may_go(desk: Desk, chat_client: Any, as_: Any):
    await desk.introduced()
    review = await desk.reviewed(stars=5)
    advice = (await chat_client.get(f"reviews/{review}/advice", headers=as_(HILL))).json()
    assert "whether it was bad or good" in advice["solve"]
    refused = await desk.open(review, understood=False)
    assert (refused.status_code, refused.json()["detail"]) == (409, advice["solve"])
    assert (await desk.open(review)).status_code == 201


async def test_p4_nobody_writes_to_a_patient_before_saying_who_writes(desk: Desk, chat_client: Any, as_: Any):
    review = await desk.reviewed()
    refused = await desk.open(review)
    assert (refused.status_code, refused.json()["code"]) == (409, "representative_missing")
    assert (await chat_client.get("representatives/mine", headers=as_(HILL))).status_code == 409
    await desk.introduced()
    assert (await chat_client.get("representatives/mine", headers=as_(HILL))).json() == WHO
    assert (await desk.open(review)).status_code == 201


@pytest.mark.parametrize("purpose", ["request", "settle", "", None])
async def test_p2_a_talk_is_opened_to_solve_or_to_thank_and_for_nothing_else(desk: Desk, purpose: Any):
    await desk.introduced()
    assert (await desk.open(await desk.reviewed(), purpose=purpose)).status_code == 422


async def test_p14_who_thanks_is_shown_the_public_way_as_well(desk: Desk):
    await desk.introduced()
    answer = await desk.open(await desk.reviewed(stars=5), purpose="thank", understood=False)
    assert answer.status_code == 201
    assert "public answer" in answer.json()["advice"]


async def test_a_review_whose_author_is_not_known_can_only_be_answered_in_public(desk: Desk):
    await desk.introduced()
    review = await desk.reviewed(client_id=None)
    assert (await desk.open(review)).json()["code"] == "author_unknown"
    await hear(
        desk._service,
        ReviewChanged(
            tenant=THERAPY, at=NOW, review_id=review, specialist_id=ANNA.id, stars=2, version=2, client_id=OLENA.id,
            clinic_id=HILL.id,
        ),
    )  # fmt: skip
    assert (await desk.open(review)).status_code == 201


async def test_a_review_is_what_its_greatest_version_says_in_whatever_order(desk: Desk, chat_client: Any, as_: Any):
    for story in permutations((1, 2, 3)):
        review = uuid7()
        for version in story:
            clinic = HILL.id if version == 3 else VALLEY.id
            await hear(desk._service, left(review_id=review, version=version, clinic_id=clinic))
        assert (await chat_client.get(f"reviews/{review}/advice", headers=as_(HILL))).status_code == 200
        assert (await chat_client.get(f"reviews/{review}/advice", headers=as_(VALLEY))).status_code == 404


async def test_p1_about_a_review_there_is_one_talk_however_many_press(desk: Desk, chat_client: Any, as_: Any):
    await desk.introduced()
    await desk.introduced(ANNA)
    review = await desk.reviewed()
    answers = await gather(*(desk.open(review, who) for who in (HILL, ANNA) * 4))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await desk.said(ConversationOpened)) == 1
    talk = next(answer for answer in answers if answer.status_code == 201).json()["conversation"]["id"]
    assert (await chat_client.get(f"reviews/{review}/advice", headers=as_(HILL))).json()["conversation_id"] == talk


@pytest.mark.parametrize(("policy", "mode"), [("none", "sealed"), ("visible_staff", "observed")])
async def test_d2_how_private_a_talk_is_follows_the_house_at_its_opening_and_stays(
    desk: Desk, chat_client: Any, as_: Any, policy: str, mode: str
):
    async def house(value: str) -> None:
        changes = {"changes": {"talk": {"staff_access": value}}}
        answer = await chat_client.post("policies", json=changes, headers=as_(OMAR, key=uuid7().hex))
        assert answer.status_code == 201, answer.text

    await house(policy)
    talk = await desk.opened()
    await house("none" if policy != "none" else "visible_staff")
    for who in (OLENA, HILL):
        seen = (await chat_client.get(f"conversations/{talk}", headers=as_(who))).json()
        assert seen["privacy_mode"] == mode
        assert ("Staff of the house may read" in seen["who_may_read"]) is (mode == "observed")
    request = await conversation(desk._service)
    assert (await chat_client.get(f"conversations/{request}", headers=as_(OLENA))).json()["privacy_mode"] == "sealed"


async def test_p10_p11_the_client_ends_it_and_nobody_writes_any_more(desk: Desk, chat_client: Any, as_: Any):
    talk = await desk.opened()
    ended = await desk.press(OLENA, "PUT", talk, "ending")
    again = await desk.press(OLENA, "PUT", talk, "ending")
    assert (ended.status_code, ended.json()) == (200, again.json())
    for who in (OLENA, HILL):
        refused = await say(chat_client, as_(who), talk, "One more thing")
        assert (refused.status_code, refused.json()["code"]) == (409, "conversation_over")
        assert len((await heard(chat_client, as_(who), talk))["items"]) == 1
    assert [event.by for event in await desk.said(ConversationEnded)] == ["client"]


async def test_p10_the_other_side_has_no_such_buttons(desk: Desk):
    talk = await desk.opened()
    for button in ("ending", "solution"):
        for method in ("PUT", "DELETE"):
            refused = await desk.press(HILL, method, talk, button)
            assert (refused.status_code, refused.json()["code"]) == (403, "not_yours_to_end")
            assert (await desk.press(TARAS, method, talk, button)).status_code == 404


async def test_p11_a_message_that_races_with_the_end_is_before_it_or_refused(desk: Desk, chat_client: Any, as_: Any):
    talk = await desk.opened()
    sending = gather(*(say(chat_client, as_(HILL), talk, f"{n}") for n in range(8)))
    sent, _ = await gather(sending, desk.press(OLENA, "PUT", talk, "ending"))
    kept = sum(answer.status_code == 201 for answer in sent)
    assert {answer.status_code for answer in sent} <= {201, 409}
    assert len((await heard(chat_client, as_(OLENA), talk))["items"]) == kept + 1


async def test_p11_an_end_is_an_end_unless_the_house_lets_the_client_reopen(desk: Desk, chat_client: Any, as_: Any):
    talk = await desk.opened()
    await desk.press(OLENA, "PUT", talk, "ending")
    assert (await desk.press(OLENA, "DELETE", talk, "ending")).json()["code"] == "not_reopened"
    changes = {"changes": {"talk": {"reopen_within": "PT1H"}}}
    await chat_client.post("policies", json=changes, headers=as_(OMAR, key=uuid7().hex))
    assert (await desk.press(OLENA, "DELETE", talk, "ending")).json() == {"ended_at": None, "ended_by": None}
    assert (await say(chat_client, as_(HILL), talk, "There you are")).status_code == 201
    assert len(await desk.said(ConversationReopened)) == 1
    with clock.at(NOW):
        await desk.press(OLENA, "PUT", talk, "ending")
    for late, status in ((timedelta(microseconds=1), 409), (timedelta(0), 200)):
        with clock.at(NOW + timedelta(hours=1) + late):
            assert (await desk.press(OLENA, "DELETE", talk, "ending")).status_code == status


async def test_r4_what_support_struck_is_written_about_no_more_and_the_client_cannot_reopen_it(
    desk: Desk, chat_client: Any, as_: Any
):
    talk = await conversation(desk._service)
    struck = RequestDeactivated(tenant=THERAPY, at=NOW, request_id=talk, decision_id=uuid7())
    for _ in range(2):
        await hear(desk._service, struck)
    for who in (OLENA, ANNA):
        assert (await say(chat_client, as_(who), talk, "Why?")).json()["code"] == "conversation_over"
    assert (await desk.press(OLENA, "DELETE", talk, "ending")).status_code == 409
    assert [event.by for event in await desk.said(ConversationEnded)] == ["house"]


@pytest.mark.parametrize("stars", [1, 5])
async def test_p12_p13_solved_annuls_the_score_whatever_it_was(desk: Desk, stars: int):
    await desk.introduced()
    review = await desk.reviewed(stars=stars)
    talk = UUID((await desk.open(review)).json()["conversation"]["id"])
    assert (await desk.press(OLENA, "PUT", talk, "solution")).json()["solved_at"] is not None
    (solved,) = await desk.said(ProblemSolved)
    assert (solved.review_id, solved.specialist_id, solved.version) == (review, ANNA.id, 1)
    assert (await desk.press(HILL, "GET", talk, "solution")).json()["solved_at"] is not None


async def test_d10_solved_is_possible_after_the_end_once_and_can_be_undone_for_a_while(desk: Desk):
    talk = await desk.opened()
    await desk.press(OLENA, "PUT", talk, "ending")
    presses = await gather(*(desk.press(OLENA, "PUT", talk, "solution") for _ in range(6)))
    assert {press.status_code for press in presses} == {200}
    assert len({press.text for press in presses}) == 1
    assert (await desk.press(OLENA, "DELETE", talk, "solution")).json() == {"solved_at": None, "undo_until": None}
    await desk.press(OLENA, "DELETE", talk, "solution")
    await desk.press(OLENA, "PUT", talk, "solution")
    register = [(type(event), event.version) for event in await desk.said(ProblemSolved, ProblemReopened)]
    assert register == [(ProblemSolved, 1), (ProblemReopened, 2), (ProblemSolved, 3)]


async def test_d10_after_the_window_solved_stays(desk: Desk):
    talk = await desk.opened()
    with clock.at(NOW):
        await desk.press(OLENA, "PUT", talk, "solution")
    with clock.at(NOW + timedelta(hours=25)):
        late = await desk.press(OLENA, "DELETE", talk, "solution")
    assert (late.status_code, late.json()["code"]) == (409, "too_late_to_undo")


async def test_d10_where_there_is_no_problem_none_is_solved(desk: Desk):
    thanks, request = await desk.opened(purpose="thank"), await conversation(desk._service)
    for talk in (thanks, request):
        for method in ("PUT", "DELETE", "GET"):
            refused = await desk.press(OLENA, method, talk, "solution")
            assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_solve")
