"""Figures over HTTP: whose they are, what they say, what is behind them, and what they said before."""

from datetime import timedelta

import pytest

from libs.kit import clock
from services.stats.domain import METRICS
from tests.people import ANNA, BORIS, MARTA, OLENA, SOFIA, STRANGE_SPECIALIST, STRANGE_SUPPORT
from tests.stats.test_consumers import MARCH, MAY, hear, ids, opening, ruling, session

FEBRUARY_TO_MARCH = {"from": "2026-02-01", "to": "2026-03-31"}
JUNE = MAY + timedelta(days=30)
FIGURES = f"/specialists/{ANNA.id}/figures"
EXPLANATION = f"{FIGURES}/conversion/explanation"
CHANGES = f"/specialists/{ANNA.id}/changes"


@pytest.fixture
def told(stats_service):
    """Three requests of Anna's, one of which led to a session; in June, support strikes one of the others."""

    async def tell():
        requests = [ids() for _ in range(3)]
        days = [MARCH, MARCH + timedelta(days=1), MARCH + timedelta(days=1)]
        openings = [opening(known, day) for known, day in zip(requests, days, strict=True)]
        await hear(stats_service, *openings, session(requests[0]))
        struck = ruling(requests[1])
        await hear(stats_service, struck, now=JUNE)
        return requests, struck

    return tell


@pytest.fixture
def ask(stats_client, as_):
    """What somebody is answered on the day after the decision, or when else they ask."""

    async def answer(person, path=FIGURES, now=JUNE + timedelta(days=1), **query):
        with clock.at(now):
            return await stats_client.get(path, headers=as_(person) if person else {}, params=query or None)

    return answer


@pytest.fixture
def read(ask):
    """What Anna is answered about February and March."""

    async def answer(path=FIGURES, **query):
        return (await ask(ANNA, path, **(FEBRUARY_TO_MARCH | query))).json()

    return answer


async def test_a_specialist_sees_what_became_of_her_requests(told, ask):
    await told()
    answer = await ask(ANNA, **FEBRUARY_TO_MARCH)
    assert answer.status_code == 200
    assert answer.json() == {
        "specialist_id": str(ANNA.id), "from": "2026-02-01", "to": "2026-03-31", "as_of": "2026-03-31",
        "known_at": "2026-06-02T12:00:00Z",
        "conversion": {
            "won": 1, "lost": 1, "excluded": 1, "estimate": 0.5,
            "words": "1 of 2 requests led to a first session",
            "explanation": f"/stats/v1{EXPLANATION}?from=2026-02-01&to=2026-03-31",
        },
    }  # fmt: skip


async def test_what_was_known_before_the_decision_is_still_told(told, read):
    await told()
    before = await read(known_at=MAY.isoformat())
    assert before["known_at"] == "2026-05-02T12:00:00Z"
    assert before["conversion"] == {
        "won": 1, "lost": 2, "excluded": 0, "estimate": pytest.approx(1 / 3),
        "words": "1 of 3 requests led to a first session", "explanation": None,
    }  # fmt: skip
    never = await read(known_at=MARCH.isoformat())
    assert never["conversion"]["estimate"] is None


async def test_the_future_is_not_known(told, read):
    await told()
    assert (await read(known_at="2027-01-01T00:00:00Z"))["known_at"] == "2026-06-02T12:00:00Z"


async def test_without_data_there_is_no_figure_rather_than_zero(read):
    conversion = (await read())["conversion"]
    assert (conversion["estimate"], conversion["words"]) == (None, "not enough data yet")


async def test_a_window_is_ninety_days_up_to_today_unless_said(ask):
    answer = (await ask(ANNA, now=MAY)).json()
    assert (answer["from"], answer["to"]) == ("2026-02-02", "2026-05-02")


async def test_the_explanation_adds_up_to_the_figure(told, read):
    requests, struck = await told()
    figure = (await read())["conversion"]
    items, query = [], {"limit": 1}
    while query:
        page = await read(EXPLANATION, **query)
        items += page["items"]
        query = page["next"] and {"limit": 1, "cursor": page["next"]}
    states = [item["state"] for item in items]
    assert {state: states.count(state) for state in METRICS} == {state: figure[state] for state in METRICS}
    assert {(item["request_id"], item["day"], item["state"], item["decision_id"]) for item in items} == {
        (str(requests[0]["request_id"]), "2026-03-05", "won", None),
        (str(requests[1]["request_id"]), "2026-03-06", "excluded", str(struck.data.decision_id)),
        (str(requests[2]["request_id"]), "2026-03-06", "lost", None),
    }


async def test_the_explanation_can_be_followed_from_the_figure(told, ask, read):
    await told()
    link = (await read())["conversion"]["explanation"]
    assert len((await ask(ANNA, f"http://dovira.test{link}")).json()["items"]) == 3


async def test_a_window_includes_its_first_and_its_last_day(told, read):
    await told()
    for first, last, counted in [("05", "05", 1), ("06", "06", 2), ("05", "06", 3), ("04", "04", 0), ("07", "09", 0)]:
        window = {"from": f"2026-03-{first}", "to": f"2026-03-{last}"}
        conversion = (await read(**window))["conversion"]
        assert sum(conversion[metric] for metric in METRICS) == counted
        assert len((await read(EXPLANATION, **window))["items"]) == counted


async def test_changes_name_the_decision_behind_them(told, read):
    requests, struck = await told()
    span = {"from": (JUNE - timedelta(days=1)).isoformat(), "to": JUNE.isoformat()}
    items = (await read(CHANGES, **span))["items"]
    why = {
        "recorded_at": "2026-06-01T12:00:00Z", "request_id": str(requests[1]["request_id"]), "day": "2026-03-06",
        "event_id": str(struck.id), "decision_id": str(struck.data.decision_id),
    }  # fmt: skip
    assert sorted(items, key=lambda item: item["delta"]) == [
        why | {"metric": "lost", "delta": -1}, why | {"metric": "excluded", "delta": 1},
    ]  # fmt: skip


async def test_changes_come_in_pages_and_are_recent_unless_said(told, ask, read):
    await told()
    recent = (await ask(ANNA, CHANGES)).json()["items"]
    assert {item["recorded_at"] for item in recent} == {"2026-06-01T12:00:00Z"}
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-07-01T00:00:00Z", "limit": 3}
    first = await read(CHANGES, **span)
    rest = await read(CHANGES, **span, cursor=first["next"])
    seen = [(item["request_id"], item["metric"], item["delta"]) for item in first["items"] + rest["items"]]
    assert len(seen) == len(set(seen)) == 5
    assert rest["next"] is None


@pytest.mark.parametrize("path", [FIGURES, EXPLANATION, CHANGES])
async def test_figures_are_for_their_specialist_and_for_support(path, told, ask):
    await told()
    for person, status in [
        (ANNA, 200), (MARTA, 200), (SOFIA, 200), (BORIS, 404), (STRANGE_SPECIALIST, 404), (OLENA, 403), (None, 401),
    ]:  # fmt: skip
        assert (await ask(person, path)).status_code == status
    assert (await ask(BORIS, path)).json()["code"] == "specialist_unknown"


async def test_support_of_another_tenant_finds_nothing(told, ask):
    await told()
    assert (await ask(STRANGE_SUPPORT, **FEBRUARY_TO_MARCH)).json()["conversion"]["words"] == "not enough data yet"
    assert (await ask(STRANGE_SUPPORT, EXPLANATION, **FEBRUARY_TO_MARCH)).json()["items"] == []
    assert (await ask(STRANGE_SUPPORT, CHANGES)).json()["items"] == []
    assert len((await ask(MARTA, CHANGES)).json()["items"]) == 2


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (FIGURES, {"from": "2026-03-02", "to": "2026-03-01"}),
        (FIGURES, {"from": "2001-01-01", "to": "2026-03-01"}),
        (FIGURES, {"from": "0001-01-01", "to": "0001-01-02"}),
        (FIGURES, {"to": "0001-01-01"}),
        (FIGURES, {"from": "soon"}),
        (FIGURES, {"known_at": "2026-03-01T00:00:00"}),
        (FIGURES, {"known_at": "0001-01-01T00:00:00+14:00"}),
        (CHANGES, {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}),
        (CHANGES, {"from": "9999-12-31T23:59:59-12:00"}),
        ("/specialists/anna/figures", {}),
    ],
)
async def test_what_cannot_be_meant_is_refused(path, query, ask):
    answer = await ask(MARTA, path, **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_cursor_of_another_list_is_refused(ask):
    answer = await ask(ANNA, EXPLANATION, cursor="bm90IG91cnM")
    assert (answer.status_code, answer.json()["code"]) == (400, "cursor_unknown")
