"""Every route of chat by every kind of person; a route that is added later has to say here what its own people get."""

import io
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from libs.bus.ids import uuid7
from libs.events.partners import ReviewLeft
from libs.kit.service import Running
from services.chat.domain.texts import TEMPLATES
from services.chat.queries.entries import digest_of
from tests.chat.scenes import NOW, accepted, conversation, hear, heard, released, say
from tests.conftest import clean
from tests.doors import ANALYST, PARTNER, Door, Doors, Operation
from tests.people import (
    ANNA,
    BORIS,
    HILL,
    MARTA,
    OLENA,
    OMAR,
    SOFIA,
    STRANGE_CLIENT,
    STRANGE_SPECIALIST,
    STRANGE_SUPPORT,
    TARAS,
    THERAPY,
    VERA,
    Principal,
)


def drawn() -> bytes:
    """A picture."""
    made = io.BytesIO()
    Image.new("RGB", (4, 3), "teal").save(made, "PNG")
    return made.getvalue()


DOORS = Doors("chat")
# What its own people get where it is not 200 or 204: of the request's talk, of the review's; first the client.
OWN: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "send_message": ((201, 201), (201, 201)),
    "open_review_talk": ((403, 404), (403, 404)),  # the review of the example is nobody's
    "issue_live_ticket": ((201, 201), (201, 201)),
    "send_contact_card": ((409, 409), (201, 201)),  # D3: in a request's talk not before the first session
    "begin_consultation": ((409, 201), (409, 409)),  # B12: the specialist's alone
    "look_at_entry": ((404, 404), (404, 404)),  # the link is made up
    "use_entry": ((404, 404), (404, 404)),
    "show_address": ((404, 404), (404, 404)),  # nobody has said one
    "add_attachment": ((201, 201), (201, 201)),
    "link_attachment": ((201, 201), (201, 201)),
    "follow_attachment_link": ((404, 404), (404, 404)),
    "get_representative": ((403, 409), (403, 200)),  # P4: a clinic has said who writes
    "keep_representative": ((403, 200), (403, 200)),
    "get_review_advice": ((403, 404), (403, 200)),
    "end_conversation": ((200, 403), (200, 403)),  # P10: the client's buttons
    "reopen_conversation": ((200, 403), (200, 403)),
    "say_solved": ((409, 403), (200, 403)),
    "take_solved_back": ((409, 403), (200, 403)),
    "get_solution": ((409, 409), (200, 200)),
    "erase_conversation": ((200, 403), (200, 403)),
    "take_excerpts": ((404, 404), (404, 404)),  # no message has the number of the example
}  # fmt: skip
STAFFS = {  # whom of the house an operation is for, and what they get
    "list_templates": {"ops": 200}, "get_template": {"ops": 200}, "change_template": {"ops": 201},
    "change_policy": {"ops": 201}, "list_policy_versions": {"ops": 200},
    "verify_excerpts": {"support": 200, "supervisor": 200, "clinician": 200},
    "look_into_conversation": {"support": 201, "supervisor": 201}, "erase_subject": {"ops": 200},
}  # fmt: skip
# Where these roles are asked for a conversation or what is in it: one of others does not exist.
TALK = (frozenset({"client", "specialist", "clinic"}), frozenset({"support", "supervisor"}))
VALLEY = Principal(UUID(int=77), THERAPY, "clinic", frozenset({"clinic"}))
OTHERS = (TARAS, BORIS, VALLEY, STRANGE_CLIENT, STRANGE_SPECIALIST)
HOUSE = (MARTA, SOFIA, VERA, ANALYST, OMAR, PARTNER, STRANGE_SUPPORT)
SECRET = "Щеглик-7731"
PICTURE = {"content": drawn(), "headers": {"Content-Type": "image/png"}}
MADE_UP = "kq0yH1mCz4bNw2sVx8rTfL6pJ3dGa9Ue"


ADMIT = "INSERT INTO guests VALUES ($1, $2, $3, $4, now() + interval '1 day') ON CONFLICT DO NOTHING"
PARTS = ("/conversations", "/attachments", "/entries")


class Scene:
    """A conversation of Olena's with somebody, and all that belongs to it."""

    def __init__(self, http: Any, as_: Any, service: Running) -> None:
        self.http, self.as_, self.service = http, as_, service
        self.ids: dict[str, str] = {"template_id": str(TEMPLATES[0].id), "token": MADE_UP, "review_id": str(uuid7())}

    async def request(self) -> "Scene":
        """Of a request that Anna won after Boris had lost it; sealed."""
        talk = await conversation(self.service, by=BORIS)
        await hear(self.service, released(talk, of=BORIS))
        await hear(self.service, accepted(talk, by=ANNA, after=60))
        return await self._filled(str(talk), ANNA)

    async def review(self) -> "Scene":
        """About a review that a clinic would solve, in a house whose staff may look."""
        changes = {"changes": {"talk": {"staff_access": "visible_staff"}}}
        await self._done(OMAR, "POST", "policies", 201, changes)
        review = ReviewLeft(
            tenant=THERAPY, at=NOW, review_id=UUID(self.ids["review_id"]), specialist_id=ANNA.id, stars=2, version=1,
            client_id=OLENA.id, clinic_id=HILL.id,
        )  # fmt: skip
        await hear(self.service, review)
        await self._done(HILL, "PUT", "representatives/mine", 200, {"name": "I", "position": "H", "organisation": "C"})
        told = {"review_id": self.ids["review_id"], "purpose": "solve", "understood": True, "greeting": SECRET}
        opened = await self._done(HILL, "POST", "conversations", 201, told)
        return await self._filled(opened["conversation"]["id"], HILL)

    async def _filled(self, talk: str, other: Principal) -> "Scene":
        self.ids["conversation_id"] = talk
        headers = self.as_(OLENA, key=uuid7().hex) | PICTURE["headers"]
        uploaded = await self.http.post(
            f"conversations/{talk}/attachments", content=PICTURE["content"], headers=headers
        )
        assert uploaded.status_code == 201, uploaded.text
        self.ids["attachment_id"] = uploaded.json()["id"]
        said = {"client_message_id": str(uuid7()), "body": SECRET, "attachments": [uploaded.json()["id"]]}
        await self._done(OLENA, "POST", f"conversations/{talk}/messages", 201, said)
        assert (await say(self.http, self.as_(other), UUID(talk), SECRET)).status_code == 201
        return self

    async def _done(self, who: Principal, method: str, path: str, status: int, told: Any) -> Any:
        answer = await self.http.request(method, path, json=told, headers=self.as_(who, key=uuid7().hex))
        assert answer.status_code == status, answer.text
        return answer.json()

    @property
    def door(self) -> Door:
        return Door(self.http, self.as_, self.ids)

    async def knock(self, at: Operation, who: Principal | None) -> int:
        """What somebody gets; whoever has no business here gets not a word of what was said."""
        answer = await self.door.knock(at, who, **(PICTURE if at.name == "add_attachment" else {}))
        if answer.status_code >= 400 or not at.lets_in(who or OMAR):
            assert SECRET not in answer.text
        return answer.status_code


@pytest.fixture(params=["request", "review"])
def set_up(request: pytest.FixtureRequest, chat_client: Any, chat_service: Running, as_: Any) -> Any:
    async def fresh() -> Scene:
        await clean(chat_service)
        scene: Scene = await getattr(Scene(chat_client, as_, chat_service), request.param)()
        return scene

    return request.param, fresh


def shut_out(at: Operation) -> int:
    """What a role gets that an operation is not for."""
    return 404 if at.roles in TALK and any(part in at.path for part in PARTS) else 403


def for_a_stranger(at: Operation, who: Principal) -> int:
    """What somebody gets for what is not theirs."""
    if not at.lets_in(who):
        return shut_out(at)
    if at.name in STAFFS and who.role in STAFFS[at.name]:
        return 404 if who.tenant != THERAPY and "{conversation_id}" in at.path else STAFFS[at.name][who.role]
    return 404


async def test_r14_every_route_answers_every_stranger_as_if_there_were_nothing(set_up: Any):
    """Other clients, specialists and clinics, staff of every kind, other houses; and afterwards nothing has changed."""
    of, fresh = set_up
    scene = await fresh()
    theirs = [each for each in DOORS.operations if "_id}" in each.path and each.name != "get_template"]
    wrong = []
    for at in theirs:
        for who in (*OTHERS, *HOUSE):
            got, right = await scene.knock(at, who), for_a_stranger(at, who)
            if at.name == "look_into_conversation" and of == "request":
                right = 404 if at.lets_in(who) else right  # D2: sealed is sealed, whoever asks
            if at.name == "render_template" and at.lets_in(who):
                right = 200  # a text that came with us is everybody's who writes
            if got != right:
                wrong.append(f"{at.name} as {who.role} of {who.tenant}: {got}, not {right}")
    assert wrong == []
    seen = (await scene.http.get(f"conversations/{scene.ids['conversation_id']}", headers=scene.as_(OLENA))).json()
    assert (seen["last_seq"], seen["ended_at"], len(seen["readers"])) == (2 if of == "request" else 3, None, 2)
    talk = await heard(scene.http, scene.as_(OLENA), UUID(scene.ids["conversation_id"]))
    assert {each["body"] for each in talk["items"]} == {SECRET}


async def test_every_route_wants_a_token_or_says_that_it_does_not(set_up: Any):
    _, fresh = set_up
    scene = await fresh()
    public = {each.name for each in DOORS.operations if each.public}
    assert public == {"look_at_entry", "use_entry", "follow_attachment_link", "list_ledger_keys"}
    assert [at.name for at in DOORS.operations if not at.public and await scene.knock(at, None) != 401] == []


async def test_what_is_nobody_s_in_particular_is_for_whom_it_says(set_up: Any):
    """Policies for all, templates for who writes, verifying for who judges."""
    _, fresh = set_up
    scene, wrong = await fresh(), []
    for at in [each for each in DOORS.operations if "_id}" not in each.path and not each.public]:
        for who in HOUSE:
            right = STAFFS.get(at.name, {}).get(who.role, 200 if not at.roles else for_a_stranger(at, who))
            if (got := await scene.knock(at, who)) != right:
                wrong.append(f"{at.name} as {who.role} of {who.tenant}: {got}, not {right}")
    assert wrong == []


async def test_its_own_two_people_get_what_is_theirs(set_up: Any):
    """Each operation on a conversation of its own, for each of the two."""
    of, fresh = set_up
    two, wrong, scene = (OLENA, ANNA if of == "request" else HILL), [], await fresh()
    for at in DOORS.operations:
        for side, who in enumerate(two):
            usual = 200 if at.lets_in(who) else shut_out(at)
            right = OWN[at.name][of == "review"][side] if at.name in OWN else usual
            scene = scene if at.method == "GET" else await fresh()
            got = await scene.knock(at, who)
            if got != right and not (got == 204 and right == 200):
                wrong.append(f"{at.name} as {who.role}: {got}, not {right}")
    assert wrong == []


async def test_bodies_that_are_too_large_or_hold_a_null_are_refused_everywhere(set_up: Any):
    _, fresh = set_up
    scene = await fresh()
    writes = [(at, who) for at in DOORS.writes for who in (OLENA, ANNA, HILL, MARTA, OMAR) if at.lets_in(who)]
    large = {"content": b'{"body": "' + b"a" * 1_000_000 + b'"}'}
    null = {"content": b'{"body": "a\\u0000b", "name": "\\u0000"}'}
    for told, right in ((large, {413}), (null, {422})):
        answers = [(at.name, (await scene.door.knock(at, who, **told)).status_code) for at, who in writes]
        assert [answer for answer in answers if answer[1] not in right] == []


async def test_p6_who_came_by_a_link_finds_that_one_talk_and_nothing_else(set_up: Any):
    """Every route of another talk, with the secret of a guest: there is nothing; what is not a talk's wants a token."""
    _, fresh = set_up
    scene = await fresh()
    theirs = await conversation(scene.service)
    admitted = (digest_of("guest"), THERAPY, theirs, OLENA.id)
    shown = {"Authorization": "Entry guest", "Idempotency-Key": "1"}
    door = Door(scene.http, lambda _, key: shown | {"Idempotency-Key": key}, scene.ids)
    wrong = []
    for at in [each for each in DOORS.operations if not each.public]:
        async with scene.service.database.begin() as db:
            await db.exec_driver_sql(ADMIT, admitted)
        answer = await door.knock(at, OLENA, **(PICTURE if at.name == "add_attachment" else {}))
        assert SECRET not in answer.text
        guests_too = {"list_conversations": 200, "revoke_entries": 204}
        right = guests_too.get(at.name, 404 if shut_out(at) == 404 else 401)
        if answer.status_code != right:
            wrong.append(f"{at.name}: {answer.status_code}, not {right}")
    assert wrong == []
    listed = (await scene.http.get("conversations", headers=shown)).json()["items"]
    assert [each["id"] for each in listed] in ([str(theirs)], [])
