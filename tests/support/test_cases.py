"""What intake says opens a case by itself: once, in whatever order it is heard, and due by the house's own numbers."""

from asyncio import gather
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from libs.bus.ids import uuid7
from libs.kit.rules import clauses
from services.support.domain import Case, CaseClosed, CaseNotYours, CaseRules, CaseTaken, OutcomeUnfit, Rules
from services.support.domain import cases as domain
from services.support.domain.cases import OUTCOMES
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR, STRANGE_SPECIALIST
from tests.support.pleas import CLINICAL, HOUR, KINDS, NOON, QUARTER, TICK, asked, cases, plea, pleaded
from tests.support.scenes import Desk, accepted, hear, said

OPEN = Case(kind="danger", status="open", due_at=NOON, taken_by=None, taken_at=None)
HERS = replace(OPEN, status="taken", taken_by=MARTA.id, taken_at=NOON)
SHUT = replace(HERS, status="closed")


DUE = {
    "danger": "danger_within", "safety_concern": "concern_within", "refusal": "refusal_within",
    "late_refusal": "refusal_within",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "rule"), list(DUE.items()))
async def test_r12_t4_what_intake_says_opens_a_case_by_itself(support_service: Any, kind: str, rule: str) -> None:
    """Due by a number of the house, from when it was said, not from when it was heard."""
    event = plea(kind)
    await hear(support_service, event)
    (row,) = await cases(support_service)
    assert (row.kind, row.request_id, row.specialist_id) == (kind, event.request_id, ANNA.id)
    assert (row.desk, row.status, row.version) == ("clinical" if kind in CLINICAL else "support", "open", 1)
    assert (row.opened_at, row.due_at) == (NOON, NOON + getattr(CaseRules(), rule))


@pytest.mark.parametrize("kind", KINDS)
async def test_r12_what_is_told_again_is_one_case(support_service: Any, kind: str) -> None:
    """Under the same name, under new ones, and at once."""
    event = plea(kind)
    envelope = await hear(support_service, event)
    await hear(support_service, envelope)
    await gather(*(hear(support_service, event) for _ in range(5)))
    assert len(await cases(support_service)) == 1


async def test_r12_telling_it_again_undoes_nothing(support_service: Any, vera: Desk) -> None:
    """Whoever has taken it still has it, and what was closed stays closed."""
    event = plea("danger")
    await hear(support_service, event)
    [row] = await cases(support_service)
    await vera.take(str(row.id))
    await hear(support_service, event)
    assert (await vera.case(str(row.id))).json()["status"] == "taken"
    await vera.close(str(row.id), "safe")
    await hear(support_service, event)
    [row] = await cases(support_service)
    assert (row.status, row.version) == ("closed", 3)


async def test_r12_in_any_order_the_same_cases_open_and_the_client_finds_theirs(
    support_service: Any, olena: Desk
) -> None:
    """The case before its request, the acceptance before both."""
    seen = []
    for order in permutations(range(4)):
        request_id = uuid7()
        told = [
            asked(request_id), accepted(request_id), plea("danger", request_id),
            plea("refusal", request_id, at=NOON + HOUR),
        ]  # fmt: skip
        for each in order:
            await hear(support_service, told[each])
        seen.append([(row.kind, row.opened_at, row.due_at) for row in await cases(support_service, request_id)])
    assert len(seen[0]) == 2
    assert all(each == seen[0] for each in seen)
    assert len(await olena.all("own-cases")) == 2 * len(seen)


async def test_a_danger_before_anybody_has_accepted_is_a_case(support_service: Any, vera: Desk, olena: Desk) -> None:
    """Who is in danger does not wait for a specialist."""
    event = msgspec.structs.replace(plea("danger"), specialist_id=None)
    await hear(support_service, event)
    [seen] = await vera.all("cases")
    assert (seen["kind"], seen["specialist_id"], seen["client_id"]) == ("danger", None, None)
    assert await olena.all("own-cases") == []
    await hear(support_service, asked(event.request_id))
    [seen] = await vera.all("cases")
    assert seen["client_id"] == str(OLENA.id)
    assert [each["id"] for each in await olena.all("own-cases")] == [seen["id"]]


async def test_t2_danger_that_goes_on_is_a_case_again_once_somebody_has_taken_the_last(
    support_service: Any, vera: Desk
) -> None:
    """Who presses again while nobody has taken it waits for the same answer; later, somebody else may be free."""
    request_id = uuid7()
    for minutes, many in ((0, 1), (1, 1), (2, 2)):
        if many == 2:
            [first] = await vera.all("cases")
            assert (await vera.take(first["id"])).status_code == 200
        await hear(support_service, plea("danger", request_id, at=NOON + timedelta(minutes=minutes)))
        assert len(await cases(support_service, request_id)) == many
    await hear(support_service, plea("danger", request_id))
    assert len(await cases(support_service, request_id)) == 2, "what is heard twice is one case"


async def test_d11_a_refusal_that_came_late_says_so_and_why(support_service: Any, marta: Desk) -> None:
    """Support has to decide, so it is told the reason from the closed list (R9)."""
    seen = (await marta.case(await pleaded(support_service, "late_refusal"))).json()
    assert (seen["kind"], seen["reason"], seen["signs"]) == ("late_refusal", "personal_trigger", [])


async def test_t2_who_answers_a_danger_sees_where_it_is_and_what_is_spoken_there(
    support_service: Any, vera: Desk
) -> None:
    """What intake did not say yet is not known."""
    for event in (plea("danger"), msgspec.structs.replace(plea("danger", at=NOON + TICK), country=None, locale=None)):
        await hear(support_service, event)
    assert [(each["country"], each["locale"]) for each in await vera.all("cases")] == [("UA", "uk"), (None, None)]


async def test_t4_each_fear_is_a_case_with_what_was_ticked(support_service: Any, vera: Desk) -> None:
    """What comes later may be worse, and somebody may have closed the first."""
    request_id = uuid7()
    for at in (NOON, NOON + TICK):
        await hear(support_service, plea("safety_concern", request_id, at=at))
    await hear(support_service, plea("safety_concern", request_id, by=BORIS))
    seen = await vera.all("cases")
    assert len(seen) == 3
    assert all(each["signs"] == ["means", "plan"] and each["reason"] is None for each in seen)


async def test_t2_a_changed_number_binds_from_then_on_and_only_in_its_house(
    support_service: Any, support_client: Any, as_: Any
) -> None:
    """What is due already stays due when it was."""
    await hear(support_service, plea("danger"))
    changes = {"changes": {"cases": {"danger_within": "PT5M"}}}
    answer = await support_client.post("policies", json=changes, headers=as_(OMAR, key="k"))
    assert answer.status_code == 201, answer.text
    await hear(support_service, plea("danger", at=NOON + HOUR))
    await hear(support_service, plea("danger", at=NOON + 2 * HOUR, by=STRANGE_SPECIALIST, tenant="clinics"))
    lasts = [row.due_at - row.opened_at for row in await cases(support_service)]
    assert lasts == [QUARTER, timedelta(minutes=5), QUARTER]


async def test_t2_t4_r12_each_number_binds_its_own_kinds(support_service: Any, support_client: Any, as_: Any) -> None:
    """However much the defaults of two of them are alike."""
    numbers = {"danger_within": "PT5M", "concern_within": "PT7M", "refusal_within": "PT9M"}
    await support_client.post("policies", json={"changes": {"cases": numbers}}, headers=as_(OMAR, key="k"))
    for kind in KINDS:
        await hear(support_service, plea(kind))
    lasts = {row.kind: row.due_at - row.opened_at for row in await cases(support_service)}
    assert lasts == {kind: timedelta(minutes=n) for kind, n in zip(KINDS, (5, 7, 9, 9), strict=True)}


@pytest.mark.parametrize("said", [{"danger_within": "PT0S"}, {"refusal_within": "P91D"}, {"soon": "PT1S"}])
async def test_what_cannot_be_a_rule_is_refused(support_client: Any, as_: Any, said: dict[str, str]) -> None:
    answer = await support_client.post("policies", json={"changes": {"cases": said}}, headers=as_(OMAR, key="k"))
    assert (answer.status_code, answer.json()["code"]) == (422, "no_such_rule")


async def test_opening_says_nothing(support_service: Any) -> None:
    """Intake has said it already."""
    for kind in KINDS:
        await hear(support_service, plea(kind))
    assert await said(support_service) == []


def test_every_number_says_which_rule_it_is() -> None:
    found = clauses(Rules())
    assert {each.name for each in found} == {
        "cases.danger_within", "cases.concern_within", "cases.refusal_within",
    }  # fmt: skip
    assert all(each.says.rule[0] in "RPBCTD" and each.says.meaning.endswith(".") for each in found)


def test_what_was_said_makes_the_id() -> None:
    """Whatever differs in it makes another."""
    request_id = uuid7()
    told = [
        *(plea(kind, request_id) for kind in KINDS),
        plea("danger", request_id, by=BORIS), plea("danger", request_id, at=NOON + TICK), plea("danger"),
    ]  # fmt: skip
    ids = {domain.open_case(each, CaseRules()).id for each in told}
    assert len(ids) == len(told)


def test_who_may_do_what_to_a_case_in_which_state() -> None:
    """The whole table."""
    assert domain.take(OPEN, MARTA.id)
    assert not domain.take(HERS, MARTA.id)
    domain.give_back(HERS, MARTA.id, supervises=False)
    domain.give_back(HERS, ANNA.id, supervises=True)
    domain.close(HERS, MARTA.id, "safe")
    for case, who, error in ((HERS, ANNA.id, CaseTaken), (SHUT, MARTA.id, CaseClosed)):
        with pytest.raises(error):
            domain.take(case, who)
    for case, who, refused in (
        (OPEN, MARTA.id, CaseNotYours), (HERS, ANNA.id, CaseNotYours), (SHUT, MARTA.id, CaseClosed),
    ):  # fmt: skip
        with pytest.raises(refused):
            domain.close(case, who, "safe")
        with pytest.raises(refused):
            domain.give_back(case, who, supervises=False)
    with pytest.raises(CaseNotYours):
        domain.give_back(OPEN, MARTA.id, supervises=True)


@pytest.mark.parametrize("kind", KINDS)
def test_r12_d11_a_case_ends_only_as_its_kind_can(kind: Any) -> None:
    """No danger ends in a refund, and no honoured refusal in work that goes on."""
    everything = frozenset().union(*OUTCOMES.values())
    for outcome in everything - OUTCOMES[kind]:
        with pytest.raises(OutcomeUnfit):
            domain.close(replace(HERS, kind=kind), MARTA.id, outcome)
    for outcome in OUTCOMES[kind]:
        domain.close(replace(HERS, kind=kind), MARTA.id, outcome)
    assert ("work_goes_on" in OUTCOMES[kind]) == (kind == "late_refusal")
    assert ("refund" in OUTCOMES[kind]) == (kind not in CLINICAL)
