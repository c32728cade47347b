"""Figures over HTTP: whose they are, what they say, what is behind them, and what they said before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import jsonschema
import pytest
from pydantic import BaseModel

from libs.bus.ids import uuid7
from libs.kit.personas import OMAR
from services.stats import schemas
from services.stats.domain import FIGURES
from tests.people import ANNA, BORIS, MARTA, OLENA, SOFIA, STRANGE_CLIENT, STRANGE_SPECIALIST, STRANGE_SUPPORT
from tests.stats.scenes import MARCH, MAY, hear, ids, opening, review, ruling, session, solved

PARTNER = replace(MARTA, id=uuid7(), role="partner", roles=frozenset({"partner"}))
READER = replace(PARTNER, id=uuid7(), scopes=frozenset({"reviews:write", "figures:read"}))
WRITER = replace(PARTNER, id=uuid7(), scopes=frozenset({"reviews:write"}))
ANALYST = replace(MARTA, id=uuid7(), role="analyst", roles=frozenset({"analyst"}))
JUNE = MAY + timedelta(days=30)
WINTER = {"from": "2026-02-01", "to": "2026-03-31"}
ANNAS = f"/specialists/{ANNA.id}"
SHOWN, CHANGES, WHAT_IF, RATING = f"{ANNAS}/figures", f"{ANNAS}/changes", f"{ANNAS}/what-if", f"{ANNAS}/rating"
EXPLANATION = f"{SHOWN}/conversion/explanation"
NOT_YET = "not enough data yet"


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
def read(ask):
    """What Anna is answered about February and March."""

    async def answer(path=SHOWN, **query):
        return (await ask(ANNA, path, **(WINTER | query))).json()

    return answer


async def test_a_specialist_sees_what_became_of_her_requests(told, read):
    await told()
    answer = await read()
    link = f"/stats/v1{EXPLANATION}?from=2026-02-01&to=2026-03-31&as_of=2026-06-02&known_at=2026-06-02T12:00:00.000000Z"
    assert answer["conversion"] == {
        "window": {"from": "2026-02-01", "to": "2026-03-31"},
        "estimate": 7 / 22, "interval": {"low": ANY, "high": ANY}, "raw": 0.5,
        "counts": {
            "won": 1, "lost": 1, "maturing": 0, "excluded": 1, "forgiven": 1, "refused": 0, "one_off": 0, "released": 0,
        },
        "inputs": {"alpha": 6, "beta": 14, "won": 1, "lost_weight": 1},
        "versus_platform": {"average": 0.3, "p_above": ANY, "percentile": ANY, "words": NOT_YET},
        "enough_data": False, "words": NOT_YET, "shown": {}, "explanation": link,
    }  # fmt: skip
    del answer["conversion"]
    assert {name: it for name, it in answer.items() if name not in FIGURES} == {
        "specialist_id": str(ANNA.id), "as_of": "2026-06-02", "known_at": "2026-06-02T12:00:00Z", "policy_version": 1,
        "benchmark_version": 0, "overall": {"value": ANY, "enough_data": False, "words": NOT_YET},
    }  # fmt: skip


async def test_enough_is_put_into_words(stats_service, ask):
    requests = [ids() for _ in range(12)]
    await hear(stats_service, *map(opening, requests), *map(session, requests[:5]), ruling(requests[5]))
    answer = (await ask(ANNA, SHOWN, now=MAY)).json()
    assert answer["conversion"]["words"] == "5 of 11 requests led to a first session"
    assert answer["conversion"]["versus_platform"]["words"] == "in line with the platform average"
    assert answer["overall"]["words"] == f"{answer['overall']['value']:.0f} of 100; 50 is usual"


async def test_who_is_not_known_is_as_usual(ask):
    """An average specialist is the best guess, and said to be no more than that."""
    answer = (await ask(ANNA, SHOWN)).json()
    assert answer["overall"] == {"value": 50, "enough_data": False, "words": NOT_YET}
    assert {answer[figure]["versus_platform"]["percentile"] for figure in FIGURES} == {0.5}
    assert {answer[figure]["words"] for figure in FIGURES} == {NOT_YET}


async def test_what_was_known_before_the_decision_is_still_told(told, read):
    requests, struck = await told()
    counts = {}
    for known_at in ("2026-03-01T00:00:00Z", MAY.isoformat(), JUNE.isoformat()):
        answer = await read(known_at=known_at)
        counts[answer["known_at"]] = [answer["conversion"]["counts"][name] for name in ("won", "lost", "excluded")]
    assert counts == {
        "2026-03-01T00:00:00Z": [0, 0, 0], "2026-05-02T12:00:00Z": [1, 2, 0], "2026-06-01T12:00:00Z": [1, 1, 1],
    }  # fmt: skip
    for moment, said in [(MAY, ("lost", None)), (JUNE, ("excluded", str(struck.data.decision_id)))]:
        rows = (await read(EXPLANATION, known_at=moment.isoformat()))["items"]
        stands = {row["id"]: (row["stands"], row["decision_id"]) for row in rows}
        assert stands[str(requests[1]["request_id"])] == said


async def test_a_past_answer_is_as_of_the_day_it_would_have_been_given(told, read):
    await told()
    assert (await read(known_at=MAY.isoformat()))["as_of"] == "2026-05-02"
    assert (await read(known_at=MAY.isoformat(), as_of="2026-04-01"))["as_of"] == "2026-04-01"


async def test_the_future_is_not_known(told, read):
    await told()
    answer = await read(known_at="2027-01-01T00:00:00Z")
    assert (answer["known_at"], answer["as_of"]) == ("2026-06-02T12:00:00Z", "2026-06-02")


async def test_ages_are_taken_as_of_a_day(told, read):
    await told()
    seen = {}
    for day in ("2026-03-06", "2026-03-08", "2026-03-20"):
        conversion = (await read(as_of=day))["conversion"]
        counts = conversion["counts"]
        seen[day] = counts["lost"], counts["maturing"], round(conversion["inputs"]["lost_weight"], 3)
    assert seen == {"2026-03-06": (0, 1, 0), "2026-03-08": (0, 1, 0.133), "2026-03-20": (1, 0, 1)}


@pytest.mark.parametrize(
    ("query", "conversion", "retention"),
    [
        ({}, ("2026-03-05", "2026-06-02"), ("2025-12-05", "2026-06-02")),
        ({"as_of": "2026-05-01"}, ("2026-02-01", "2026-05-01"), ("2025-11-03", "2026-05-01")),
        ({"window": "30"}, ("2026-05-04", "2026-06-02"), ("2026-05-04", "2026-06-02")),
        ({"window": "90", "as_of": "2026-05-01"}, ("2026-02-01", "2026-05-01"), ("2026-02-01", "2026-05-01")),
        ({"window": "365"}, ("2025-06-03", "2026-06-02"), ("2025-06-03", "2026-06-02")),
        ({"window": "lifetime"}, ("2000-01-01", "2026-06-02"), ("2000-01-01", "2026-06-02")),
        ({"from": "2026-03-01"}, ("2026-03-01", "2026-06-02"), ("2026-03-01", "2026-06-02")),
        ({"to": "2026-03-31"}, ("2026-01-01", "2026-03-31"), ("2026-01-01", "2026-03-31")),
        (WINTER, ("2026-02-01", "2026-03-31"), ("2026-02-01", "2026-03-31")),
    ],
)
async def test_each_figure_has_its_window_unless_one_is_named(query, conversion, retention, ask):
    answer = (await ask(ANNA, SHOWN, **query)).json()
    assert tuple(answer["conversion"]["window"].values()) == conversion
    assert tuple(answer["retention"]["window"].values()) == retention


async def test_reviews_count_for_life(stats_service, ask):
    await hear(stats_service, review(4, MAY - timedelta(days=900)))
    assert (await ask(ANNA, SHOWN)).json()["reviews"]["raw"] == 4
    assert (await ask(ANNA, SHOWN, window="365")).json()["reviews"]["raw"] is None


async def test_a_window_includes_its_first_and_its_last_day(told, read):
    await told()
    for first, last, counted in [("05", "05", 1), ("06", "06", 2), ("05", "06", 3), ("04", "04", 0), ("07", "09", 0)]:
        window = {"from": f"2026-03-{first}", "to": f"2026-03-{last}"}
        counts = (await read(**window))["conversion"]["counts"]
        assert counts["won"] + counts["lost"] + counts["excluded"] == counted
        assert len((await read(EXPLANATION, **window))["items"]) == counted


async def test_the_explanation_says_where_each_request_stands_and_by_which_rule(told, read):
    requests, struck = await told()
    first, second, third = (str(known["request_id"]) for known in requests)
    row = {"kind": "engagement", "weight": 1, "rule": "R6", "decision_id": None, "day": "2026-03-06"}
    lost = {"lost": 1, "contacts": 1, "unanswered": 1}
    won = {"won": 1, "contacts": 1, "gained": 1, "gone": 1, "sessions": 1, "unanswered": 1}
    assert {it["id"]: it for it in (await read(EXPLANATION))["items"]} == {
        first: row | {"id": first, "day": "2026-03-05", "stands": "won", "rule": "D8", "counts": won},
        second: row | {
            "id": second, "stands": "excluded", "rule": "R5", "weight": 0,
            "counts": {"excluded": 1, "unviewed": 1, "forgiven": 1}, "decision_id": str(struck.data.decision_id),
        },
        third: row | {"id": third, "stands": "lost", "counts": lost},
    }  # fmt: skip


async def test_the_explanation_is_found_by_the_link_of_the_figure(told, ask, read):
    """And a link of the past leads into the past."""
    await told()
    for known_at, excluded in [(MAY, 0), (JUNE, 1)]:
        answer = await read(known_at=known_at.isoformat())
        for figure in FIGURES:
            rows = (await ask(MARTA, f"http://dovira.test{answer[figure]['explanation']}")).json()["items"]
            assert [row["stands"] for row in rows].count("excluded") == (excluded if figure == "conversion" else 0)
            assert all("2026-02-01" <= row["day"] <= "2026-03-31" for row in rows)


async def test_changes_name_the_event_and_the_decision_behind_them(told, read):
    requests, struck = await told()
    span = {"from": (JUNE - timedelta(days=1)).isoformat(), "to": JUNE.isoformat()}
    assert (await read(CHANGES, **span))["items"] == [
        {
            "recorded_at": "2026-06-01T12:00:00Z", "kind": "engagement", "id": str(requests[1]["request_id"]),
            "day": "2026-03-06", "event_id": str(struck.id), "decision_id": str(struck.data.decision_id),
            "deltas": {
                "lost": -1, "excluded": 1, "contacts": -1, "unviewed": 1, "unanswered": -1, "forgiven": 1,
            },
        }
    ]  # fmt: skip


async def test_changes_come_in_pages_and_are_recent_unless_said(told, ask, read):
    await told()
    recent = (await ask(ANNA, CHANGES)).json()["items"]
    assert {item["recorded_at"] for item in recent} == {"2026-06-01T12:00:00Z"}
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-07-01T00:00:00Z", "limit": 3}
    first = await read(CHANGES, **span)
    rest = await read(CHANGES, **span, cursor=first["next"])
    assert [len(page["items"]) for page in (first, rest)] == [3, 1]
    assert rest["next"] is None
    seen = [item["event_id"] for item in first["items"] + rest["items"]]
    assert len(set(seen)) == 4
    assert seen[-1] == recent[0]["event_id"]


async def test_a_preview_changes_nothing_and_names_both_sides(told, ask, read):
    requests, _ = await told()
    back = {"request_id": str(requests[1]["request_id"]), "excluded": False}
    away = {"request_id": str(requests[2]["request_id"]), "ground": "technical", "scope": "conversion"}
    answer = (await ask(ANNA, WHAT_IF, body={"decisions": [back, away]}, **WINTER)).json()
    counted = [[it["conversion"]["counts"][name] for name in ("won", "lost", "excluded")] for it in answer.values()]
    assert counted == [[1, 1, 1], [1, 1, 1]]
    unviewed = [it["effectiveness"]["shown"]["unviewed"] for it in answer.values()]
    assert unviewed == [1, 0]
    assert await read() == answer["before"]
    assert len((await read(CHANGES, **{"from": MARCH.isoformat(), "to": JUNE.isoformat()}))["items"]) == 4


async def test_a_preview_is_of_requests_the_specialist_took(told, ask, stats_service):
    requests, _ = await told()
    foreign, unopened = ids(specialist_id=BORIS.id), ids()
    await hear(stats_service, opening(foreign), session(unopened))
    unknown = sorted(str(it["request_id"]) for it in (foreign, unopened, ids()))
    asked = [{"request_id": id} for id in [*unknown, str(requests[0]["request_id"])]]
    answer = await ask(ANNA, WHAT_IF, body={"decisions": asked})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_unknown")
    assert answer.json()["unknown"] == unknown


@pytest.mark.parametrize(
    "decisions",
    [
        [],
        [{"request_id": str(uuid7())} for _ in range(101)],
        [{"request_id": "first"}],
        [{"request_id": str(uuid7()), "ground": "dislike"}],
        [{"request_id": str(uuid7()), "scope": "retention"}],
        [{"request_id": str(uuid7()), "reason": "she was rude"}],
        [{}],
        None,
    ],
)
async def test_a_preview_is_of_one_to_a_hundred_decisions_support_could_take(decisions, ask):
    answer = await ask(ANNA, WHAT_IF, body={"decisions": decisions})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_preview_names_each_request_once(told, ask):
    requests, _ = await told()
    one = {"request_id": str(requests[0]["request_id"])}
    answer = await ask(ANNA, WHAT_IF, body={"decisions": [one, one | {"excluded": False}]})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_twice")


@pytest.mark.parametrize("path", [SHOWN, EXPLANATION, CHANGES, WHAT_IF])
async def test_figures_are_for_their_specialist_and_for_those_who_may_see_the_house(path, told, ask):
    requests, _ = await told()
    body = {"decisions": [{"request_id": str(requests[0]["request_id"])}]} if path == WHAT_IF else None
    for person, status in [
        (ANNA, 200), (MARTA, 200), (SOFIA, 200), (ANALYST, 200), (READER, 200), (WRITER, 404), (PARTNER, 404),
        (BORIS, 404), (STRANGE_SPECIALIST, 404), (OLENA, 403), (OMAR, 403), (None, 401),
    ]:  # fmt: skip
        assert (await ask(person, path, body=body)).status_code == status, person
    assert (await ask(BORIS, path, body=body)).json()["code"] == "specialist_unknown"


async def test_whoever_sees_another_house_finds_nothing(told, ask):
    requests, _ = await told()
    for person in (STRANGE_SUPPORT, replace(READER, id=uuid7(), tenant="clinics")):
        assert (await ask(person, SHOWN, **WINTER)).json()["conversion"]["counts"]["won"] == 0
        assert (await ask(person, EXPLANATION, **WINTER)).json()["items"] == []
        assert (await ask(person, CHANGES)).json()["items"] == []
        body = {"decisions": [{"request_id": str(requests[0]["request_id"])}]}
        assert (await ask(person, WHAT_IF, body=body)).json()["code"] == "request_unknown"
    assert len((await ask(MARTA, CHANGES)).json()["items"]) == 1


async def test_clients_learn_the_rating_and_no_more(stats_service, ask):
    reviews = [review(stars) for stars in (5, 4, 5, 1)]
    await hear(stats_service, *reviews, solved(reviews[3]))
    assert (await ask(OLENA, RATING)).json() == {
        "specialist_id": str(ANNA.id), "rating": 4.5, "reviews": 3, "words": "4.5 of 5 stars from 3 reviews",
    }  # fmt: skip
    assert (await ask(STRANGE_CLIENT, RATING)).json()["reviews"] == 0
    assert (await ask(None, RATING)).status_code == 401


async def test_too_few_reviews_are_no_rating(stats_service, ask):
    """Neither are annulled ones alone, however many: they were never left."""
    reviews = [review(5), review(1)]
    await hear(stats_service, *reviews)
    assert (await ask(OLENA, RATING)).json() == {
        "specialist_id": str(ANNA.id), "rating": None, "reviews": 2, "words": NOT_YET,
    }  # fmt: skip
    third = review(1)
    await hear(stats_service, third, *map(solved, [*reviews, third]))
    assert (await ask(OLENA, RATING)).json() == {
        "specialist_id": str(ANNA.id), "rating": None, "reviews": 0, "words": NOT_YET,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (SHOWN, {"from": "2026-03-02", "to": "2026-03-01"}),
        (SHOWN, {"from": "2026-06-03"}),
        (SHOWN, {"from": "0001-01-01", "to": "0001-01-02"}),
        (SHOWN, {"to": "0001-01-01"}),
        (SHOWN, {"from": "soon"}),
        (SHOWN, {"window": "7"}),
        (SHOWN, {"as_of": "9999-12-31"}),
        (SHOWN, {"known_at": "2026-03-01T00:00:00"}),
        (SHOWN, {"known_at": "0001-01-01T00:00:00+14:00"}),
        (EXPLANATION, {"limit": 101}),
        (f"{SHOWN}/beauty/explanation", {}),
        (CHANGES, {"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}),
        (CHANGES, {"from": "9999-12-31T23:59:59-12:00"}),
        ("/specialists/anna/figures", {}),
        ("/specialists/anna/rating", {}),
    ],
)
async def test_what_cannot_be_meant_is_refused(path, query, ask):
    answer = await ask(MARTA, path, **query)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_cursor_of_another_list_is_refused(told, ask):
    await told()
    page = (await ask(ANNA, EXPLANATION, limit=1, **WINTER)).json()
    for path, cursor in [
        (EXPLANATION, "bm90IG91cnM"), (CHANGES, page["next"]), (f"{SHOWN}/retention/explanation", page["next"]),
        (f"/specialists/{BORIS.id}/figures/conversion/explanation", page["next"]),
    ]:  # fmt: skip
        answer = await ask(MARTA, path, cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "cursor_unknown")


def examples():
    """What the documentation shows, with what it shows it of."""
    for model in vars(schemas).values():
        if isinstance(model, type) and issubclass(model, BaseModel):
            shown: Any = model.model_config.get("json_schema_extra") or {}
            yield from ((model, example) for example in shown.get("examples", ()))


@pytest.mark.parametrize(("model", "example"), list(examples()), ids=lambda it: getattr(it, "__name__", ""))
def test_the_documentation_shows_what_could_be_answered(model, example):
    schema = model.model_json_schema(mode="serialization")
    jsonschema.validate(example, schema, format_checker=jsonschema.FormatChecker())
    assert example.keys() <= schema["properties"].keys()


async def test_nothing_is_supposed_about_the_past(ask):
    supposed = await ask(
        ANNA, WHAT_IF, body={"decisions": [{"request_id": str(uuid7())}]}, known_at="2026-03-01T00:00:00Z"
    )
    assert (supposed.status_code, supposed.json()["code"]) == (422, "past_supposed")
