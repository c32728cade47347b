"""A private list of clients, of which they never learn."""

from typing import Any

from libs.kit import clock
from tests.intake.cast import joined, opened, press
from tests.intake.shop import DAY, NOON, Shop, clients, refusal
from tests.people import ANNA, BORIS, OLENA, STRANGE_SPECIALIST, TARAS

CALL, QUESTION = "planned_call", "one_question"
HIDDEN = {"trace_id", "instance"}


async def listed(shop: Shop, by: Any = ANNA) -> list[str]:
    return [each["client_id"] for each in (await shop.get("avoidances", by)).json()["items"]]


def told(answer: Any) -> tuple[int, dict[str, Any]]:
    """An answer, but for what differs each time."""
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in HIDDEN}


async def delete(shop: Shop, path: str, by: Any = ANNA) -> int:
    return int((await shop.http.delete(path, headers=shop.as_(by))).status_code)


async def test_c9_a_client_on_the_list_is_told_what_all_are_told_who_ask_for_what_is_not_offered(shop: Shop) -> None:
    """Word for word, by every way to look; the specialist's other clients notice nothing."""
    await shop.offers(CALL, QUESTION)
    with clock.at(NOON):
        await shop.post("slots", ANNA, starts_at=(NOON + 10 * DAY).isoformat(), minutes=50)
        order = await shop.delivered(QUESTION)
        assert (await shop.put(f"orders/{order}/avoidance", ANNA)).status_code == 204
        nothing = told(await shop.order(QUESTION, to=BORIS))
        assert nothing[0] == 404
        for version in (1, 9):
            assert told(await shop.order(QUESTION, version=version)) == nothing
            assert told(await shop.order(QUESTION, version=version, asked=["one", "two"])) == nothing
        for path in ("service-kinds", "slots"):
            found, empty = [await shop.get(f"{path}?specialist_id={who.id}") for who in (ANNA, BORIS)]
            assert (found.status_code, found.json()) == (empty.status_code, empty.json())
        assert (await shop.order(QUESTION, TARAS)).status_code == 201
        assert len((await shop.get(f"slots?specialist_id={ANNA.id}", TARAS)).json()["items"]) == 1
    assert await listed(shop) == [str(OLENA.id)]
    assert await delete(shop, f"orders/{order}/avoidance") == 204
    assert (await shop.order(QUESTION)).status_code == 201


async def test_c9_what_was_begun_together_goes_on(shop: Shop) -> None:
    """Served this once, and the client sees no difference."""
    await shop.offers(QUESTION)
    with clock.at(NOON):
        order = await shop.paid(QUESTION)
        before = [(await shop.get(f"orders/{order}{path}")).json() for path in ("", "/status", "/questions")]
        await shop.put(f"orders/{order}/avoidance", ANNA)
        assert [(await shop.get(f"orders/{order}{path}")).json() for path in ("", "/status", "/questions")] == before
    await shop.done(f"orders/{order}/nudges", OLENA)
    await shop.done(f"orders/{order}/start", ANNA)
    assert await shop.rows("SELECT 1 FROM outbox WHERE convert_from(value, 'UTF8') ILIKE '%avoid%'") == []


async def test_c9_a_call_that_was_paid_before_is_booked_as_ever(shop: Shop) -> None:
    """A client who saw no times all of a sudden would know why."""
    await shop.offers(CALL)
    with clock.at(NOON):
        time = await shop.done("slots", ANNA, starts_at=(NOON + 10 * DAY).isoformat(), minutes=50)
        order = await shop.paid(CALL)
        await shop.put(f"orders/{order}/avoidance", ANNA)
        seen = (await shop.get(f"slots?specialist_id={ANNA.id}")).json()["items"]
        assert [each["id"] for each in seen] == [time["id"]]
        await shop.done(f"orders/{order}/slot", OLENA, slot_id=time["id"])
        await shop.done(f"orders/{order}/cancellation", ANNA)
        assert (await shop.get(f"slots?specialist_id={ANNA.id}")).json()["items"] == []


async def test_c9_the_winner_of_a_request_may_list_its_client(shop: Shop) -> None:
    """Then the next request of that client is not there for this specialist; the client sees the same as ever."""
    await joined(shop.intake, [ANNA, BORIS])
    request = await opened(shop.http, shop.as_)
    path = f"requests/{request['id']}/avoidance"
    for stranger in (ANNA, BORIS, STRANGE_SPECIALIST):
        assert refusal(await shop.put(path, stranger)) == (404, "request_unknown")
    assert (await press(shop.http, shop.as_, ANNA, request)).status_code == 201
    before = (await shop.get(f"requests/{request['id']}")).json()
    for _ in range(2):
        assert (await shop.put(path, ANNA)).status_code == 204
    assert (await shop.get(f"requests/{request['id']}")).json() == before
    assert refusal(await shop.put(path, BORIS)) == (404, "request_unknown")
    assert await listed(shop) == [str(OLENA.id)]
    async with shop.intake.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE specialists SET ready_at = NULL")
    again = await opened(shop.http, shop.as_)
    assert refusal(await press(shop.http, shop.as_, ANNA, again)) == (404, "request_unknown")
    assert (await press(shop.http, shop.as_, BORIS, again)).status_code == 201
    assert await delete(shop, path) == 204
    assert await listed(shop) == []


async def test_c9_who_had_a_request_before_may_list_its_client(shop: Shop) -> None:
    """It went on to a colleague; having met is enough."""
    await joined(shop.intake, [ANNA, BORIS])
    request = await opened(shop.http, shop.as_)
    assert (await press(shop.http, shop.as_, ANNA, request)).status_code == 201
    async with shop.intake.database.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO bars (request_id, specialist_id, tenant, why, at, accepted_at, rest_until, reply_due) "
            "SELECT id, accepted_by, tenant, 'handed_over', now(), accepted_at, rest_until, reply_due FROM requests"
        )
        await connection.exec_driver_sql(
            "UPDATE requests SET accepted_by = NULL, accepted_at = NULL, rest_until = NULL, reply_due = NULL"
        )
    path = f"requests/{request['id']}/avoidance"
    assert refusal(await shop.put(path, BORIS)) == (404, "request_unknown")
    assert (await shop.put(path, ANNA)).status_code == 204
    assert await listed(shop) == [str(OLENA.id)]


async def test_c9_the_list_is_the_specialists_own(shop: Shop) -> None:
    """No client, no colleague, no other house sees or changes it; it comes in pages."""
    await shop.offers(QUESTION)
    orders = [await shop.placed(QUESTION, who) for who in clients(3)]
    for order in orders:
        for stranger in (BORIS, STRANGE_SPECIALIST):
            assert refusal(await shop.put(f"orders/{order}/avoidance", stranger)) == (404, "order_unknown")
            assert await delete(shop, f"orders/{order}/avoidance", stranger) == 404
        assert (await shop.put(f"orders/{order}/avoidance", ANNA)).status_code == 204
    assert (await shop.put(f"orders/{orders[0]}/avoidance", OLENA)).status_code == 403
    assert (await shop.get("avoidances", OLENA)).status_code == 403
    assert await listed(shop, BORIS) == await listed(shop, STRANGE_SPECIALIST) == []
    first = (await shop.get("avoidances?limit=2", ANNA)).json()
    rest = (await shop.get(f"avoidances?limit=2&cursor={first['next']}", ANNA)).json()
    assert [len(page["items"]) for page in (first, rest)] == [2, 1]
    assert len({each["client_id"] for each in first["items"] + rest["items"]}) == 3
    assert rest["next"] is None
