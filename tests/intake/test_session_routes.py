"""Sessions over HTTP: who may do what to them when, and what the world hears."""

from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import text

from libs.events.intake import SessionBooked, SessionDisputed, SessionHeld, SessionMissed, SessionMoved, SessionVoided
from libs.kit.service import Running
from tests.intake.cast import As, at_once
from tests.intake.meetings import BEGUN, FIRST, HOUR, TICK, Work, engaged
from tests.people import ANNA, BORIS, MARTA, OLENA, STRANGE_CLIENT, STRANGE_SPECIALIST, STRANGE_SUPPORT, TARAS

TOLD_AT = FIRST + HOUR


@pytest_asyncio.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Anna has Olena's request."""
    return await engaged(intake_service, intake_client, as_)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_d8_strangers_find_no_session(work: Work) -> None:
    """Neither another specialist or client of this house, nor anybody of another."""
    session = await work.booked()
    for stranger in (BORIS, TARAS, STRANGE_SPECIALIST, STRANGE_CLIENT):
        assert code(await work.get(stranger, f"sessions/{session}")) == (404, "session_unknown")
        assert code(await work.get(stranger, f"requests/{work.id}/sessions")) == (404, "request_unknown")
        for path, body in (
            ("outcome", {"outcome": "held"}), ("dispute", None), ("no-show", None), ("cancellation", None),
            ("move", {"starts_at": TOLD_AT.isoformat()}),
        ):  # fmt: skip
            answer = await work.call(stranger, f"sessions/{session}/{path}", TOLD_AT, body)
            assert code(answer) == (404, "session_unknown")
    assert code(await work.book(by=BORIS)) == (404, "request_unknown")
    assert code(await work.book(by=OLENA)) == (403, "role_missing")
    for nobody in (OLENA, ANNA, STRANGE_SUPPORT):
        ruled = await work.call(nobody, f"sessions/{session}/ruling", TOLD_AT, {"outcome": "held"})
        assert ruled.status_code == (404 if nobody is STRANGE_SUPPORT else 403)
    assert await work.said(SessionHeld, SessionVoided, SessionMoved) == []


async def test_both_sides_see_their_sessions_page_by_page(work: Work) -> None:
    booked = [await work.booked(FIRST + HOUR * n, at=BEGUN + TICK * n) for n in range(3)]
    for side in (OLENA, ANNA):
        seen = (await work.get(side, f"requests/{work.id}/sessions?limit=2")).json()
        rest = (await work.get(side, f"requests/{work.id}/sessions?limit=2&cursor={seen['next']}")).json()
        assert [each["id"] for each in seen["items"] + rest["items"]] == booked
        assert rest["next"] is None
        assert (await work.get(side, f"sessions/{booked[2]}")).json()["number"] == 3


async def test_d8_what_one_side_says_both_see(work: Work) -> None:
    session = await work.booked()
    assert code(await work.tell(session, OLENA, "held", FIRST - TICK)) == (409, "session_not_started")
    assert (await work.tell(session, OLENA, "held", FIRST)).status_code == 200
    seen = (await work.get(ANNA, f"sessions/{session}")).json()
    told = (seen["client_said"], seen["specialist_said"], seen["evidence"], seen["outcome"], seen["version"])
    assert told == ("held", None, "one", "held", 1)


async def test_d8_a_dispute_is_heard_once_and_decided_by_support(work: Work) -> None:
    session = await work.held()
    for _ in range(2):
        assert (await work.call(OLENA, f"sessions/{session}/dispute", TOLD_AT)).json()["outcome"] == "void"
    assert code(await work.call(ANNA, f"sessions/{session}/dispute", TOLD_AT)) == (409, "nothing_to_dispute")
    ruled = await work.call(MARTA, f"sessions/{session}/ruling", TOLD_AT, {"outcome": "held"})
    assert (ruled.json()["outcome"], ruled.json()["evidence"], ruled.json()["version"]) == ("held", "support", 3)
    assert code(await work.tell(session, ANNA, "void", TOLD_AT)) == (409, "support_has_decided")
    heard = await work.said(SessionHeld, SessionDisputed, SessionVoided)
    assert [type(event) for event in heard] == [SessionHeld, SessionDisputed, SessionVoided, SessionHeld]


async def test_d8_two_who_speak_at_once_give_two_versions_at_most(work: Work) -> None:
    """One says held and the other void: whoever comes second makes it a dispute, and no version is told twice."""
    session = await work.booked()
    answers = await at_once(
        work.intake, "requests", [work.tell(session, ANNA, "held", TOLD_AT), work.tell(session, OLENA, "void", TOLD_AT)]
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await work.get(ANNA, f"sessions/{session}")).json()["evidence"] == "disputed"
    versions = [event.version for event in await work.said(SessionHeld, SessionVoided)]
    assert versions in ([1], [1, 2])
    assert len(await work.said(SessionDisputed)) == 1


async def test_d8_a_client_who_does_not_come_has_had_the_session(work: Work) -> None:
    session = await work.booked()
    absent = f"sessions/{session}/no-show"
    due = FIRST + timedelta(minutes=15)
    assert code(await work.call(ANNA, absent, due - TICK)) == (409, "still_awaited")
    for _ in range(2):
        seen = (await work.call(ANNA, absent, due)).json()
        assert (seen["outcome"], seen["absent"]) == ("held", "client")
    [missed, held] = await work.said(SessionMissed, SessionHeld)
    assert (missed.absent, missed.number, str(held.session_id)) == ("client", 1, session)


async def test_d8_a_specialist_who_does_not_come_has_not_held_it(work: Work) -> None:
    session = await work.booked()
    assert (await work.call(OLENA, f"sessions/{session}/no-show", TOLD_AT)).json()["outcome"] == "void"
    assert [event.absent for event in await work.said(SessionMissed)] == ["specialist"]


async def test_d8_the_clients_notice_ends_a_day_before(work: Work) -> None:
    session, other = await work.booked(), await work.booked(FIRST + HOUR)
    last = FIRST - timedelta(days=1)
    late = await work.call(OLENA, f"sessions/{session}/cancellation", last + TICK)
    assert (*code(late), late.json()["at"]) == (409, "notice_too_late", last.isoformat().replace("+00:00", "Z"))
    for _ in range(2):
        seen = (await work.call(OLENA, f"sessions/{session}/cancellation", last)).json()
        assert (seen["outcome"], seen["cancelled_by"]) == ("void", "client")
    assert code(await work.call(ANNA, f"sessions/{session}/no-show", TOLD_AT)) == (409, "session_over")
    assert (await work.call(ANNA, f"sessions/{other}/cancellation", FIRST)).json()["cancelled_by"] == "specialist"
    assert [event.version for event in await work.said(SessionVoided)] == [1, 1]


async def test_d8_the_numbers_are_the_houses_own(work: Work) -> None:
    """Ops changes notice, wait and time to dispute; what happens from then on goes by them."""
    cancelled, missed, told = [await work.booked(FIRST + HOUR * n) for n in range(3)]
    await work.rules(notice="PT2H", absent_after="PT5M", dispute_within="PT1H")
    assert (await work.call(OLENA, f"sessions/{cancelled}/cancellation", FIRST - 2 * HOUR)).status_code == 200
    start = FIRST + HOUR
    early = await work.call(ANNA, f"sessions/{missed}/no-show", start + timedelta(minutes=5) - TICK)
    assert code(early) == (409, "still_awaited")
    assert (await work.call(ANNA, f"sessions/{missed}/no-show", start + timedelta(minutes=5))).status_code == 200
    await work.tell(told, ANNA, "held", FIRST + 2 * HOUR)
    assert code(await work.call(OLENA, f"sessions/{told}/dispute", FIRST + 3 * HOUR)) == (409, "dispute_too_late")
    assert (await work.call(OLENA, f"sessions/{told}/dispute", FIRST + 3 * HOUR - TICK)).status_code == 200


async def test_c8_a_session_is_moved_in_bounds(work: Work) -> None:
    session = await work.booked()
    later = FIRST + timedelta(days=1)
    for _ in range(2):  # A retry is no second move.
        moved = (await work.move(session, OLENA, later, BEGUN)).json()
        assert (moved["starts_at"], moved["moves"]) == (later.isoformat().replace("+00:00", "Z"), 1)
    assert code(await work.move(session, OLENA, BEGUN - HOUR, BEGUN)) == (422, "session_in_the_past")
    assert code(await work.move(session, OLENA, BEGUN + timedelta(days=91), BEGUN)) == (422, "session_too_far_ahead")
    assert code(await work.move(session, OLENA, FIRST, later - HOUR)) == (409, "notice_too_late")
    await work.rules(moves=1)
    assert code(await work.move(session, ANNA, FIRST, BEGUN)) == (409, "moved_too_often")
    assert (await work.move(session, ANNA, later + HOUR, later)).status_code == 200
    assert [event.starts_at for event in await work.said(SessionMoved)] == [later, later + HOUR]


async def test_a_closed_request_has_no_new_sessions_and_its_old_ones_are_still_told(work: Work) -> None:
    """The client went without notice, so the session stays as it was agreed."""
    session = await work.booked()
    assert (await work.call(OLENA, f"requests/{work.id}/withdrawal", FIRST - HOUR)).status_code == 200
    assert code(await work.book()) == (409, "request_closed")
    assert code(await work.move(session, ANNA, FIRST + HOUR, FIRST - HOUR)) == (409, "request_closed")
    assert (await work.tell(session, ANNA, "held", TOLD_AT)).json()["outcome"] == "held"


async def test_a_session_begins_after_its_sides_were_brought_together_and_soon(work: Work) -> None:
    """A session that was held outside may be entered, an older one than the engagement not, nor one of next year."""
    assert code(await work.book(BEGUN - TICK, at=BEGUN + HOUR)) == (422, "session_before_acceptance")
    assert (await work.book(BEGUN, at=BEGUN + HOUR)).status_code == 201
    assert code(await work.book(BEGUN + timedelta(days=90) + TICK)) == (422, "session_too_far_ahead")
    assert (await work.book(BEGUN + timedelta(days=90))).status_code == 201


async def test_c8_so_many_sessions_are_agreed_at_once(work: Work) -> None:
    """Or one press would have to call off thousands; what it was said of makes room."""
    await work.rules(agreed_at_most=2)
    first, _ = [await work.booked(FIRST + hours * HOUR) for hours in range(2)]
    assert code(await work.book(FIRST + 3 * HOUR)) == (409, "too_many_sessions")
    await work.tell(first, ANNA, "held", TOLD_AT)
    assert (await work.book(FIRST + 3 * HOUR)).status_code == 201


async def test_r8_one_consultation_is_booked_no_series(
    intake_service: Running, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """A client who wanted one and asks for another gets it once the first is over."""
    work = await engaged(intake_service, intake_client, as_, one_off=True)
    only = await work.booked()
    assert code(await work.book(FIRST + HOUR)) == (409, "one_session_only")
    await work.tell(only, ANNA, "held", TOLD_AT)
    assert (await work.book(FIRST + timedelta(days=7), at=TOLD_AT)).json()["number"] == 2


async def test_who_takes_the_request_over_begins_with_session_1(work: Work) -> None:
    """Numbers are an engagement's; the one who had it before still tells of theirs."""
    session = await work.booked()
    await work.write("UPDATE requests SET accepted_by = :new WHERE id = :id", new=BORIS.id, id=work.id)
    assert (await work.book(FIRST + HOUR, by=BORIS)).json()["number"] == 1
    assert code(await work.book(FIRST + HOUR)) == (404, "request_unknown")
    assert (await work.tell(session, ANNA, "held", TOLD_AT)).status_code == 200
    assert len((await work.get(OLENA, f"requests/{work.id}/sessions")).json()["items"]) == 2
    assert [each["id"] for each in (await work.get(ANNA, f"requests/{work.id}/sessions")).json()["items"]] == [session]


async def test_sessions_booked_at_once_are_numbered_one_after_another(work: Work) -> None:
    answers = await at_once(work.intake, "requests", [work.book(FIRST + HOUR * n) for n in range(4)])
    assert sorted(answer.json()["number"] for answer in answers) == [1, 2, 3, 4]
    assert sorted(event.number for event in await work.said(SessionBooked)) == [1, 2, 3, 4]


async def test_the_wall_between_houses_is_in_the_rows(work: Work) -> None:
    """Another house's transaction sees no session, purchase, refusal or merge."""
    await work.held()
    await work.pay(1)
    await work.refuse()
    async with work.intake.database.begin("clinics") as connection:
        for table in ("sessions", "purchases", "refusals", "merges"):
            found: Any = await connection.execute(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - named above
            assert found.scalar_one() == 0
