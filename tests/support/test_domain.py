"""When a request leaves the record, and when it stays."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from libs.bus.ids import uuid7
from libs.events.support import ExclusionDecided, Ground, RequestDenied
from services.support import domain
from services.support.domain import (
    AlreadyDecided,
    AlreadyExcluded,
    DenialReason,
    Deny,
    EvidenceMissing,
    Exclude,
    NothingToReinstate,
    OwnTicket,
    Register,
    Ticket,
    TicketStillOpen,
    Verdict,
)
from tests.people import ANNA, MARTA, THERAPY

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
UNTOUCHED = Register(tenant=THERAPY, request_id=uuid7(), specialist_id=ANNA.id, version=0, excluded=False, ground=None)
STRUCK = replace(UNTOUCHED, version=1, excluded=True, ground="spam")
RESTORED = replace(STRUCK, version=2, excluded=False)
TICKET = Ticket(id=uuid7(), specialist_id=ANNA.id, ground="platform_test", has_evidence=True, status="open")
GROUNDS = get_args(Ground)


def decide(ticket: Ticket, register: Register, verdict: Verdict) -> ExclusionDecided | RequestDenied:
    return domain.decide(ticket, register, verdict, agent_id=MARTA.id, decision_id=uuid7(), now=NOW)


@pytest.mark.parametrize("ground", GROUNDS)
def test_r1_r2_r3_a_ticket_may_be_opened_on_every_ground(ground: Ground):
    opened = domain.open_ticket(UNTOUCHED, ticket_id=uuid7(), ground=ground, waiting=None, now=NOW)
    assert (opened.request_id, opened.specialist_id, opened.ground) == (UNTOUCHED.request_id, ANNA.id, ground)


def test_what_has_been_struck_cannot_be_asked_about_again():
    with pytest.raises(AlreadyExcluded):
        domain.open_ticket(STRUCK, ticket_id=uuid7(), ground="spam", waiting=None, now=NOW)


def test_one_question_at_a_time_and_the_answer_names_the_one_that_waits():
    with pytest.raises(TicketStillOpen) as refused:
        domain.open_ticket(UNTOUCHED, ticket_id=uuid7(), ground="spam", waiting=TICKET.id, now=NOW)
    assert refused.value.extra() == {"ticket_id": TICKET.id}


def test_the_first_exclusion_is_version_one_on_the_ticket_s_ground():
    said = decide(TICKET, UNTOUCHED, Exclude(ground=None))
    assert isinstance(said, ExclusionDecided)
    assert (said.version, said.excluded, said.ground, said.ticket_id) == (1, True, "platform_test", TICKET.id)


def test_an_agent_may_find_another_ground():
    said = decide(TICKET, UNTOUCHED, Exclude(ground="gibberish"))
    assert isinstance(said, ExclusionDecided)
    assert said.ground == "gibberish"


def test_r16_nothing_is_excluded_without_evidence():
    with pytest.raises(EvidenceMissing):
        decide(replace(TICKET, has_evidence=False), UNTOUCHED, Exclude(ground=None))


@pytest.mark.parametrize("reason", get_args(DenialReason))
def test_r6_a_denial_gives_a_reason_from_the_closed_list(reason: DenialReason):
    said = decide(TICKET, UNTOUCHED, Deny(reason=reason))
    assert isinstance(said, RequestDenied)
    assert (said.reason, said.ticket_id, said.specialist_id) == (reason, TICKET.id, ANNA.id)


def test_r16_without_evidence_a_ticket_can_still_be_denied():
    said = decide(replace(TICKET, has_evidence=False), UNTOUCHED, Deny(reason="no_evidence"))
    assert isinstance(said, RequestDenied)


@pytest.mark.parametrize("verdict", [Exclude(ground=None), Deny(reason="other")])
def test_what_has_been_struck_is_not_decided_again(verdict: Verdict):
    with pytest.raises(AlreadyExcluded):
        decide(replace(TICKET, status="excluded"), STRUCK, verdict)


@pytest.mark.parametrize("status", ["denied", "reinstated"])
def test_a_denial_is_for_open_tickets(status: str):
    with pytest.raises(AlreadyDecided):
        decide(replace(TICKET, status=status), RESTORED, Deny(reason="other"))  # type: ignore[arg-type]


def test_a_denied_ticket_may_still_end_in_an_exclusion():
    said = decide(replace(TICKET, status="denied"), UNTOUCHED, Exclude(ground=None))
    assert isinstance(said, ExclusionDecided)


def test_d13_putting_back_is_a_version_more_with_the_ground_of_what_it_reverses():
    said = domain.reinstate(replace(TICKET, status="excluded"), STRUCK, agent_id=MARTA.id, decision_id=uuid7(), now=NOW)
    assert (said.version, said.excluded, said.ground) == (2, False, "spam")


def test_d13_what_was_put_back_can_be_struck_again():
    said = decide(replace(TICKET, status="reinstated"), RESTORED, Exclude(ground=None))
    assert isinstance(said, ExclusionDecided)
    assert (said.version, said.excluded) == (3, True)


@pytest.mark.parametrize("status", ["open", "denied", "reinstated"])
def test_only_what_was_struck_can_be_put_back(status: str):
    with pytest.raises(NothingToReinstate):
        domain.reinstate(
            replace(TICKET, status=status),  # type: ignore[arg-type]
            RESTORED,
            agent_id=MARTA.id,
            decision_id=uuid7(),
            now=NOW,
        )


def test_nobody_decides_a_ticket_of_their_own():
    with pytest.raises(OwnTicket):
        domain.decide(TICKET, UNTOUCHED, Exclude(ground=None), agent_id=ANNA.id, decision_id=uuid7(), now=NOW)
    with pytest.raises(OwnTicket):
        domain.reinstate(TICKET, STRUCK, agent_id=ANNA.id, decision_id=uuid7(), now=NOW)
