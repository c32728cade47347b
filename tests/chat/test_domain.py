"""What a message is, and what the world learns of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.bus.ids import uuid7
from libs.events.chat import FirstReplySent, MessageSent
from libs.events.intake import RequestAccepted
from services.chat import domain
from services.chat.domain import Participant, Sent
from tests.people import ANNA, MARTA, OLENA, THERAPY

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def participant(roles: set[str]) -> Participant:
    return Participant(tenant=THERAPY, id=ANNA.id, roles=frozenset(roles))


def sent(seq: int = 3) -> Sent:
    return Sent(
        conversation_id=uuid7(), seq=seq, side="specialist", sender_id=ANNA.id, client_message_id=uuid7(), at=NOW
    )


def test_d2_a_conversation_opens_sealed_between_the_two_people_of_the_acceptance():
    accepted = RequestAccepted(
        tenant=THERAPY, at=NOW, request_id=uuid7(), specialist_id=ANNA.id, client_id=OLENA.id, kind="chat",
        one_off=False, opened_at=NOW, reply_due=NOW + timedelta(seconds=30),
    )  # fmt: skip
    opened = domain.opened(accepted)
    assert opened.conversation_id == accepted.request_id
    assert (opened.client_id, opened.specialist_id, opened.privacy_mode) == (OLENA.id, ANNA.id, "sealed")
    assert opened.at == NOW


def test_a_role_gives_its_own_side_and_no_other():
    assert participant({"specialist"}).as_specialist == ANNA.id
    assert participant({"specialist"}).as_client is None
    assert participant({"client"}).as_client == ANNA.id
    assert participant({"client"}).as_specialist is None


def test_r14_staff_have_no_side():
    for role in ("support", "supervisor", "clinician", "analyst", "ops", "partner"):
        somebody = Participant(tenant=THERAPY, id=MARTA.id, roles=frozenset({role}))
        assert (somebody.as_client, somebody.as_specialist, somebody.as_clinic) == (None, None, None)


def test_b11_the_first_message_of_the_specialist_is_the_first_reply():
    said = domain.sent(sent(1), len("Good evening"), tenant=THERAPY, replies=True)
    assert [type(fact) for fact in said] == [MessageSent, FirstReplySent]
    assert isinstance(said[1], FirstReplySent)
    assert said[1].specialist_id == ANNA.id


def test_later_messages_are_only_messages():
    said = domain.sent(sent(), len("And how do you sleep?"), tenant=THERAPY, replies=False)
    assert [type(fact) for fact in said] == [MessageSent]


@pytest.mark.parametrize(
    ("length", "bucket"),
    [(1, "xs"), (20, "xs"), (21, "s"), (200, "s"), (201, "m"), (1000, "m"), (1001, "l"), (4000, "l")],
)
def test_only_a_bucket_tells_of_a_length(length: int, bucket: str):
    assert domain.size_of(length) == bucket


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u2003", "\u200b\u200d\ufeff", "\u2066\u2069", "\u3000"])
def test_a_message_that_shows_nothing_is_blank(text: str):
    assert domain.is_blank(text)


@pytest.mark.parametrize("text", ["ok", " .", "👍", "й", "\u200b?", "+"])
def test_a_message_that_shows_something_is_not_blank(text: str):
    assert not domain.is_blank(text)


@given(st.text(), st.text(alphabet="a1🙂ї", min_size=1), st.text())
def test_anything_around_something_visible_leaves_it_visible(before: str, seen: str, after: str):
    assert not domain.is_blank(before + seen + after)
