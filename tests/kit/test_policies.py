"""House rules as data: what they say, who may change them, and which version binds."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest

from libs.kit import clock
from libs.kit.policies import NoSuchRule
from libs.kit.rules import clauses
from libs.kit.service import Running, application
from libs.kit.settings import PlatformSettings
from tests.kit import sample
from tests.people import ANNA, MARTA, OLENA, OMAR, STRANGE_SPECIALIST, THERAPY


@dataclass(frozen=True)
class Mute:
    """Numbers that say nothing of themselves."""

    much: int = 3


@dataclass(frozen=True)
class Bare:
    """Rules that are not ready."""

    mute: Mute = field(default_factory=Mute)


@dataclass(frozen=True)
class Noted:
    """A number with an annotation that is no rule's."""

    much: Annotated[int, "of something"] = 3


@dataclass(frozen=True)
class Half:
    """Rules that are not ready either."""

    noted: Noted = field(default_factory=Noted)


def test_every_number_says_which_rule_it_is() -> None:
    assert [(each.name, each.value, each.says.rule) for each in clauses(sample.Rules())] == [
        ("notes.longest", 200, "C4"), ("notes.kept_for", timedelta(days=30), "C4"),
    ]  # fmt: skip


@pytest.mark.parametrize("rules", [Bare(), Half()])
def test_a_number_that_says_nothing_is_called_out(rules: Any) -> None:
    with pytest.raises(TypeError, match=r"much does not say which rule it is"):
        clauses(rules)


def test_what_is_kept_is_merged_into_the_defaults() -> None:
    """So a number that comes with a later release has its default in every house."""
    assert sample.BOOK.rules_with(None) == sample.Rules()
    changed = sample.BOOK.rules_with('{"notes": {"kept_for": "PT1H"}}')
    assert changed.notes == sample.NoteRules(kept_for=timedelta(hours=1))


async def test_the_newest_version_binds_and_the_older_ones_stay(sample_client: httpx.AsyncClient, as_: Any) -> None:
    for number, longest in enumerate((10, 20), start=1):
        change = {"changes": {"notes": {"longest": longest}}}
        answer = await sample_client.post("policies", json=change, headers=as_(OMAR, key=f"k{number}"))
        assert (answer.status_code, answer.json()["version"]) == (201, number)
        assert answer.json()["clauses"][0] == {
            "name": "notes.longest", "value": longest, "rule": "C4", "changed": True,
            "meaning": "A note has at most so many characters.",
        }  # fmt: skip
    history = (await sample_client.get("policies/versions", headers=as_(OMAR))).json()
    assert [(each["version"], each["changes"], each["by"]) for each in history] == [
        (2, {"notes": {"longest": 20}}, str(OMAR.id)), (1, {"notes": {"longest": 10}}, str(OMAR.id)),
    ]  # fmt: skip
    shown = (await sample_client.get("policies", headers=as_(OLENA))).json()
    assert [each["changed"] for each in shown["clauses"]] == [True, False]
    assert (await sample_client.get("policies", headers=as_(STRANGE_SPECIALIST))).json()["version"] == 0


async def test_an_empty_change_goes_back_to_the_defaults(sample_client: httpx.AsyncClient, as_: Any) -> None:
    """A version is whole: what it leaves out is as the defaults say."""
    for key, changes in (("a", {"notes": {"longest": 10}}), ("b", {})):
        await sample_client.post("policies", json={"changes": changes}, headers=as_(OMAR, key=key))
    shown = (await sample_client.get("policies", headers=as_(ANNA))).json()
    assert (shown["version"], [each["value"] for each in shown["clauses"]]) == (2, [200, "P30D"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"notes": {"largest": 1}}, "There is no notes.largest."),
        ({"notices": {"longest": 1}}, "There is no notices.longest."),
        ({"notes": {"longest": 0}}, "notes.longest"),
        ({"notes": {"longest": "\u202e\x00"}}, "notes.longest"),
        ({"notes": {"kept_for": {"__class__": 1}}}, "notes.kept_for"),
        ({"notes": {"kept_for": None}}, "notes.kept_for"),
    ],
)
async def test_what_cannot_be_a_rule_is_refused_and_changes_nothing(
    sample_client: httpx.AsyncClient, as_: Any, changes: Any, said: str
) -> None:
    answer = await sample_client.post("policies", json={"changes": changes}, headers=as_(OMAR, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule")
    assert said in answer.json()["detail"]
    assert (await sample_client.get("policies/versions", headers=as_(OMAR))).json() == []


async def test_only_operators_change_rules_and_see_who_did(sample_client: httpx.AsyncClient, as_: Any) -> None:
    for person in (ANNA, OLENA, MARTA):
        answer = await sample_client.post("policies", json={"changes": {}}, headers=as_(person, key="k"))
        assert answer.status_code == 403
        assert (await sample_client.get("policies/versions", headers=as_(person))).status_code == 403


async def test_versions_that_are_made_at_once_come_one_after_the_other(sample_service: Running) -> None:
    """None is lost, and none is numbered twice."""

    async def change(longest: int) -> int:
        async with sample_service.database.session(THERAPY) as tx:
            now = clock.now()
            changes = {"notes": {"longest": longest}}
            return await sample.BOOK.change(tx, changes, tenant=THERAPY, by=OMAR.id, now=now)

    assert sorted(await asyncio.gather(*(change(longest) for longest in range(1, 9)))) == list(range(1, 9))


async def test_a_version_that_cannot_be_is_never_kept(sample_service: Running) -> None:
    async with sample_service.database.session(THERAPY) as tx:
        with pytest.raises(NoSuchRule):
            await sample.BOOK.change(tx, {"notes": {"longest": 1000}}, tenant=THERAPY, by=OMAR.id, now=clock.now())
        assert await sample.BOOK.history(tx, THERAPY) == []
        assert await sample.BOOK.rules_of(tx, THERAPY) == sample.Rules()


def test_a_service_shows_an_example_of_its_own(platform: PlatformSettings) -> None:
    """One that it would take."""
    document = application(sample.service, platform).openapi()
    body = document["paths"]["/v1/policies"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"] == {"changes": {"notes": {"longest": 100}}}
