"""Templates: what comes with us, what a house says instead, and that a variable is a word and nothing more."""

import asyncio
import json
from itertools import product
from typing import Any, get_args
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from libs.kit.service import Running
from services.chat.domain.rules import ConsultationRules
from services.chat.domain.templates import (
    NEEDS,
    Template,
    TemplateMalformed,
    TemplatePurpose,
    VariablesMismatch,
    checked,
    house,
    rendered,
)
from services.chat.domain.texts import LOCALES, TEMPLATES
from tests.canary import tables_with
from tests.people import ANNA, MARTA, OLENA, OMAR, STRANGE_SPECIALIST, Principal

CLINIC = Principal(UUID("01900000-0000-7000-8000-000000000091"), "therapy", "clinic", frozenset({"clinic"}))
STRANGE_OPS = Principal(UUID("01900000-0000-7000-8000-000000000092"), "clinics", "ops", frozenset({"ops"}))
OWN = "Good day, I am {name} ({role}). How may I call you?"
FILL = {"name": "Anna", "role": "a psychologist", "client": "Olena", "messenger": "Telegram", "helpline": "116 111"}
HOSTILE = [
    "", " ", "\x00", "a\x00b", "a\nb", "a\u2028b", "\u202eannA", "\u2066a\u2069", "\u200e", "\u200b", "\x1b[2J", "\x7f",
    "\ue000", "x" * 121, "\u200d", "\ufeff", "\U000e0041", "\r",
]  # fmt: skip
TRICKS = [
    "{0.__class__}", "{name.__class__.__init__.__globals__}", "{role}", "{{name}}", "%(name)s", "${name}", "{0}", "{",
    "}", "\\g<0>", "\\1", "<script>alert(1)</script>", "'; DROP TABLE templates; --", "{{7*7}}", "{minutes!r}",
]  # fmt: skip


def a_template(text: str = OWN, purpose: TemplatePurpose = "greeting") -> Template:
    return Template(id=uuid7(), purpose=purpose, locale="en", version=1, text=text)


async def change(client: AsyncClient, as_: Any, text: str, by: Principal = OMAR, **which: str) -> Response:
    said = {"purpose": "greeting", "locale": "en", "text": text} | which
    return await client.post("templates", json=said, headers=as_(by, key=str(uuid7())))


async def used(client: AsyncClient, as_: Any, by: Principal = ANNA, **which: str) -> Any:
    answer = await client.get("templates", params={"purpose": "greeting", "locale": "en"} | which, headers=as_(by))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def render(client: AsyncClient, as_: Any, id: str, by: Principal = ANNA, **variables: Any) -> Response:
    body, headers = json.dumps({"variables": variables}), as_(by) | {"Content-Type": "application/json"}
    return await client.post(f"templates/{id}/rendering", content=body, headers=headers)


def test_b12_every_purpose_has_a_text_in_every_language() -> None:
    assert {(each.purpose, each.locale) for each in TEMPLATES} == set(product(get_args(TemplatePurpose), LOCALES))
    assert len({each.id for each in TEMPLATES}) == len(TEMPLATES) == len({each.text for each in TEMPLATES})


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: f"{each.purpose} {each.locale}")
def test_b12_what_comes_with_us_is_well_formed_and_fills_in(template: Template) -> None:
    """And each of its variables is used."""
    assert checked(template.purpose, template.text) == template.text
    given = {name: FILL[name] for name in template.asked}
    text = rendered(template, given, house=house(ConsultationRules()))
    assert "{" not in text
    assert all(value in text for value in given.values())


@pytest.mark.parametrize("purpose", ["minutes", "phone_script"])
def test_b12_b16_the_minutes_are_the_houses(purpose: str) -> None:
    for template in TEMPLATES:
        if template.purpose == purpose:
            given = {name: FILL[name] for name in template.asked}
            assert " 20 " in rendered(template, given, house=house(ConsultationRules()))
            assert "minutes" not in template.asked


def test_p5_a_greeting_that_nobody_words_asks_for_nothing_but_who_writes() -> None:
    """Whatever a house says in place of ours."""
    for purpose in ("review_solve", "review_thank"):
        with pytest.raises(TemplateMalformed):
            checked(purpose, "Hello {client}, this is {name}.")


@pytest.mark.parametrize("template", [each for each in TEMPLATES if each.purpose == "phone_script"])
def test_b16_the_phone_script_asks_in_its_order(template: Template) -> None:
    """Whether they left a request, their name, chat or call, what happened; then the minutes."""
    [first, *_] = asked = [line for line in template.text.split("\n") if "?" in line]
    assert len(asked) == 4
    assert "{name}" in first
    assert "{minutes}" in template.text.split("\n")[-1]


@pytest.mark.parametrize("template", [each for each in TEMPLATES if each.purpose == "farewell"])
def test_r11_a_farewell_is_brief_and_has_no_place_for_a_reason(template: Template) -> None:
    assert len(template.text) <= 250
    assert template.variables == ()
    assert NEEDS["farewell"].must | NEEDS["farewell"].may == {"client", "name"}


def test_b17_who_writes_to_a_minor_names_the_helpline_and_themselves() -> None:
    assert NEEDS["minor"].must == {"name", "helpline"}
    with pytest.raises(TemplateMalformed, match="helpline"):
        checked("minor", "Hello, I am {name}.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, I am {name}.", "{role}"), ("{name} {role} {salary}", "{salary}"),
        ("{name} {role} {minutes}", "{minutes}"),
        ("{name} {role} {", None), ("{name} {role} }", None), ("{name} {role} {}", None), ("{name} {role} {0}", None),
        ("{name} {role} {name.__class__}", None), ("{{name}} {role}", None), ("{name!r} {role}", None),
        ("{Name} {name} {role}", None), ("{name:>1000000000} {name} {role}", None), ("{name} {role}\x00", "visible"),
        ("{name} {role} \u202e", "visible"), ("{name} {role} \u2066x\u2069", "visible"), ("{name} {role}\r", "visible"),
        (" ", "visible"), ("{name} {role}" + "x" * 2000, "visible"),
    ],
)  # fmt: skip
def test_b12_a_text_with_other_variables_than_its_purpose_is_refused(text: str, said: str | None) -> None:
    """And so is one with other braces, or that could not be read."""
    with pytest.raises(TemplateMalformed) as refused:
        checked("greeting", text)
    assert said is None or said in str(refused.value)


@pytest.mark.parametrize("trick", TRICKS)
def test_b12_a_variable_is_put_in_as_it_is(trick: str) -> None:
    """Nothing in it is looked into for more variables, formats or groups."""
    text = rendered(a_template(), {"name": trick, "role": "x"}, house={})
    assert text == OWN.replace("{name}", trick).replace("({role})", "(x)")


@pytest.mark.parametrize("value", HOSTILE)
def test_b12_a_variable_is_one_short_visible_line(value: str) -> None:
    """The refusal names the variable and repeats nothing of what was in it."""
    with pytest.raises(VariablesMismatch) as refused:
        rendered(a_template(), {"name": value, "role": "x"}, house={})
    assert str(refused.value) == "This is no short visible line: {name}."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "Anna"}, "There is no value for {role}."),
        ({}, "There is no value for {name}, {role}."),
        ({"name": "Anna", "role": "x", "secret": "y"}, "This template asks for {name}, {role}."),
    ],
)
def test_b12_unknown_and_missing_variables_are_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(VariablesMismatch) as refused:
        rendered(a_template(), given, house={})
    assert str(refused.value) == said


def test_b12_what_the_house_fills_in_nobody_else_does() -> None:
    template = a_template("{minutes}", "minutes")
    with pytest.raises(VariablesMismatch):
        rendered(template, {"minutes": "600"}, house={"minutes": "20"})
    assert rendered(template, {}, house={"minutes": "20"}) == "20"


def test_b12_a_rendering_fits_into_a_message() -> None:
    with pytest.raises(VariablesMismatch, match="4000"):
        rendered(a_template("{role}" + "{name}" * 100), {"name": "x" * 120, "role": "x"}, house={})


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.text(max_size=130))
def test_b12_whatever_is_written_is_refused_or_said_as_it_is(words: str, value: str) -> None:
    """A text that is taken has no braces but its variables; a value that is taken comes out whole."""
    try:
        template = a_template(checked("messenger", words + "{messenger}"), "messenger")
        text = rendered(
            template, {"messenger": value} | dict.fromkeys(set(template.asked) - {"messenger"}, "x"), house={}
        )
    except (TemplateMalformed, VariablesMismatch):
        return
    assert text.endswith(value.strip())
    assert "\x00" not in text
    assert "\u202e" not in text


async def test_b12_a_house_says_it_in_its_own_words(chat_client: AsyncClient, as_: Any) -> None:
    """Whole, as a version; what was used before can still be found, and other houses keep theirs."""
    [came] = await used(chat_client, as_)
    assert (came["version"], came["asked"], came["at"]) == (0, ["name", "role"], None)
    first = (await change(chat_client, as_, OWN)).json()
    second = (await change(chat_client, as_, OWN + " Tell me.")).json()
    assert [first["version"], second["version"]] == [1, 2]
    assert await used(chat_client, as_) == [second]
    for known in (came, first, second):
        assert (await chat_client.get(f"templates/{known['id']}", headers=as_(ANNA))).json() == known
    assert await used(chat_client, as_, STRANGE_SPECIALIST) == [came]
    assert (await chat_client.get(f"templates/{second['id']}", headers=as_(STRANGE_SPECIALIST))).status_code == 404
    assert (await render(chat_client, as_, second["id"], STRANGE_SPECIALIST, name="a", role="b")).status_code == 404


async def test_b12_templates_are_found_by_purpose_and_language(chat_client: AsyncClient, as_: Any) -> None:
    every = (await chat_client.get("templates", headers=as_(CLINIC))).json()
    assert len(every) == len(TEMPLATES)
    bulgarian = (await chat_client.get("templates", params={"locale": "bg"}, headers=as_(ANNA))).json()
    assert {each["locale"] for each in bulgarian} == {"bg"}
    assert len(bulgarian) == len(NEEDS)
    for query in ({"locale": "de"}, {"purpose": "insult"}, {"locale": "\u202een"}):
        assert (await chat_client.get("templates", params=query, headers=as_(ANNA))).status_code == 422


async def test_p5_a_talk_about_a_review_begins_by_itself(chat_client: AsyncClient, as_: Any) -> None:
    """There is a text to thank and a text to solve, in every language, with the writer's name."""
    for purpose, locale in product(("review_solve", "review_thank"), LOCALES):
        [known] = await used(chat_client, as_, CLINIC, purpose=purpose, locale=locale)
        said = await render(chat_client, as_, known["id"], CLINIC, name="Клініка «Дім»")
        assert "Клініка «Дім»" in said.json()["text"]


async def test_b12_a_rendering_is_kept_nowhere(
    chat_client: AsyncClient, chat_service: Running, as_: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in a row nor in a line of the log; not in a refusal either."""
    [known] = await used(chat_client, as_)
    canary = "canary-Щеглик-4410"
    said = await render(chat_client, as_, known["id"], name=canary, role="x")
    assert canary in said.json()["text"]
    refused = await render(chat_client, as_, known["id"], name=canary, role="x", more=canary)
    for answer in (refused, await render(chat_client, as_, known["id"], name=canary + "\u202e", role="x")):
        assert answer.status_code == 422
        assert canary not in answer.text
    assert await tables_with(chat_service, canary) == set()
    assert canary not in capsys.readouterr().out


async def test_b12_the_minutes_follow_the_houses_rule(chat_client: AsyncClient, as_: Any) -> None:
    changes = {"consultations": {"length": "PT30M"}}
    await chat_client.post("policies", json={"changes": changes}, headers=as_(OMAR, key="k"))
    [known] = await used(chat_client, as_, purpose="minutes")
    assert " 30 min" in (await render(chat_client, as_, known["id"])).json()["text"]


@pytest.mark.parametrize("value", [*HOSTILE, 7, None, ["a"], {"a": "b"}, "\ud800"])
async def test_b12_hostile_variables_are_refused_over_http(chat_client: AsyncClient, as_: Any, value: Any) -> None:
    [known] = await used(chat_client, as_)
    answer = await render(chat_client, as_, known["id"], name=value, role="x")
    assert answer.status_code == 422, answer.text


async def test_b12_a_malformed_text_changes_nothing(chat_client: AsyncClient, as_: Any) -> None:
    before = await used(chat_client, as_)
    for text in ("no variables", "{name} {role} {0.__class__}", "{name} {role}\x00", "\u202e{name} {role}", ""):
        assert (await change(chat_client, as_, text)).status_code == 422
    assert (await change(chat_client, as_, OWN, purpose="insult")).status_code == 422
    assert await used(chat_client, as_) == before


async def test_b12_only_operators_word_templates_and_clients_have_none(chat_client: AsyncClient, as_: Any) -> None:
    [known] = await used(chat_client, as_)
    for person in (ANNA, CLINIC, OLENA, MARTA):
        assert (await change(chat_client, as_, OWN, person)).status_code == 403
    for person in (OLENA, MARTA):
        assert (await chat_client.get("templates", headers=as_(person))).status_code == 403
        assert (await chat_client.get(f"templates/{known['id']}", headers=as_(person))).status_code == 403
        assert (await render(chat_client, as_, known["id"], person, name="a", role="b")).status_code == 403
    assert (await chat_client.get(f"templates/{uuid7()}", headers=as_(ANNA))).status_code == 404
    assert (await change(chat_client, as_, OWN, STRANGE_OPS)).json()["version"] == 1
    assert await used(chat_client, as_) == [known]


async def test_b12_texts_that_are_changed_at_once_have_numbers_of_their_own(chat_client: AsyncClient, as_: Any) -> None:
    told = await asyncio.gather(*(change(chat_client, as_, f"{OWN} {n}") for n in range(6)))
    assert sorted(each.json()["version"] for each in told) == [1, 2, 3, 4, 5, 6]


async def test_b12_a_change_that_comes_twice_is_one(chat_client: AsyncClient, as_: Any) -> None:
    said, headers = {"purpose": "greeting", "locale": "en", "text": OWN}, as_(OMAR, key="twice")
    answers = [await chat_client.post("templates", json=said, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert (await used(chat_client, as_))[0]["version"] == 1
