"""The edge of a service: who may call, when a change is kept, and what is never told."""

import json
import logging
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4  # noqa: TID251 - any id will do

import pytest
import sqlalchemy as sa
import structlog

from libs.bus.context import cause
from libs.bus.outbox import alarm_of
from libs.kit import logs
from libs.kit.http import PUBLIC, Client, Now, Router, Specialist
from libs.kit.jobs import Job
from tests.bus.saying import eventually
from tests.kit import sample
from tests.kit.sample import ERRORS, NoteRow
from tests.people import ANNA, OLENA, STRANGE_CLIENT, TARAS

PROBLEM = "application/problem+json"


async def count(service):
    async with service.database.session("*") as tx:
        return await tx.scalar(sa.select(sa.func.count()).select_from(NoteRow))


def is_problem(answer, status, code):
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert body["status"] == status
    assert body["title"]
    assert len(body["trace_id"]) == 32
    return body


async def test_a_note_is_taken_and_read(sample_client, as_):
    taken = await sample_client.post("/notes", json={"words": "hi"}, headers=as_(OLENA, key="one"))
    assert taken.status_code == 201
    read = await sample_client.get("/notes", headers=as_(ANNA))
    assert [note["words"] for note in read.json()["items"]] == ["hi"]


@pytest.mark.parametrize("path", ["/notes", "/quick-notes", "/plain-notes"])
async def test_a_failing_commit_is_not_a_success(sample_client, sample_service, as_, path):
    first = await sample_client.post(path, json={"words": "a", "once": "x"}, headers=as_(OLENA, key="one"))
    again = await sample_client.post(path, json={"words": "b", "once": "x"}, headers=as_(OLENA, key="two"))
    assert first.status_code == 201
    is_problem(again, 500, "internal_server_error")
    assert await count(sample_service) == 1


async def test_what_hot_statements_wrote_leaves_at_once(sample_client, sample_service, as_):
    waits_on = alarm_of(sample_service.database.engine)
    waits_on.clear()
    await sample_client.post("/quick-notes", json={"words": "a"}, headers=as_(OLENA, key="one"))
    assert waits_on.is_set()


def test_a_route_without_a_policy_does_not_import():
    routes = Router()
    with pytest.raises(TypeError, match="nobody declares no policy"):

        @routes.get("/open")
        async def nobody(now: Now) -> None:
            """Everybody's."""

    with pytest.raises(TypeError, match="declares no policy"):

        @routes.websocket("/open")
        async def no_one(now: Now) -> None:
            """Everybody's."""


def test_a_route_with_two_policies_does_not_import():
    with pytest.raises(TypeError, match="declares several policies"):

        @Router().post("/both")
        async def both(client: Client, specialist: Specialist) -> None:
            """Whose, then."""


async def test_without_a_token_nothing_is_said_about_the_request(sample_client):
    for path in ("/notes", "/plain-notes"):
        answer = await sample_client.post(path, json={"unknown": 1})
        is_problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_another_role_is_refused(sample_client, as_):
    assert (await sample_client.get("/specialists-only", headers=as_(ANNA))).json() == "specialist"
    is_problem(await sample_client.get("/specialists-only", headers=as_(OLENA)), 403, "role_missing")


@pytest.mark.parametrize("code", ERRORS)
async def test_every_domain_error_is_a_problem_in_its_own_words(sample_client, as_, code):
    answer = await sample_client.get(f"/failures/{code}", headers=as_(OLENA))
    body = is_problem(answer, ERRORS[code].status, code)
    assert body["title"] == ERRORS[code].__doc__
    assert body["type"] == f"urn:dovira:problem:{code}"
    assert body["instance"] == f"/sample/v1/failures/{code}"


async def test_too_soon_says_until_when(sample_client, as_):
    answer = await sample_client.get("/failures/too_many_notes", headers=as_(OLENA))
    assert is_problem(answer, 429, "too_many_notes")["until"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_unavailable_says_when_to_come_back(sample_client, as_):
    answer = await sample_client.get("/failures/notebook_away", headers=as_(OLENA))
    assert answer.headers["retry-after"] == "2"


async def test_our_own_mistake_says_nothing_of_our_insides(sample_client, as_, capsys):
    answer = await sample_client.get("/failures/secretcanary", headers=as_(OLENA))
    body = is_problem(answer, 500, "internal_server_error")
    assert "secretcanary" not in json.dumps({name: body[name] for name in body if name != "instance"})
    written = capsys.readouterr().out
    assert "RuntimeError" in written
    assert "stay inside" not in written


async def test_what_is_not_there_is_a_problem_too(sample_client, as_):
    is_problem(await sample_client.get("/nothing"), 404, "not_found")
    is_problem(await sample_client.get("http://dovira.test/sample/nothing"), 404, "not_found")
    answer = await sample_client.delete("/notes", headers=as_(OLENA))
    is_problem(answer, 405, "method_not_allowed")
    is_problem(await sample_client.get(f"/notes/{uuid4()}", headers=as_(OLENA)), 404, "note_unknown")


async def test_what_is_malformed_says_where(sample_client, as_):
    headers = as_(OLENA) | {"content-type": "application/json"}
    answer = await sample_client.post("/plain-notes", content=b'{"words": ', headers=headers)
    is_problem(answer, 400, "malformed_json")
    answer = await sample_client.post("/plain-notes", json={"words": "", "more": 1}, headers=as_(OLENA))
    errors = is_problem(answer, 422, "invalid_request")["errors"]
    assert {error["pointer"] for error in errors} == {"#/body/words", "#/body/more"}
    is_problem(await sample_client.get("/notes/not-an-id", headers=as_(OLENA)), 422, "invalid_request")


async def test_what_was_sent_is_not_sent_back(sample_client, as_):
    answer = await sample_client.post("/plain-notes", json={"words": "canary" * 100}, headers=as_(OLENA))
    is_problem(answer, 422, "invalid_request")
    assert "canary" not in answer.text


@pytest.mark.parametrize("words", ["a\x00b", "\ud800"])
async def test_what_postgresql_cannot_keep_is_refused(sample_client, as_, words):
    headers = as_(OLENA) | {"content-type": "application/json"}
    answer = await sample_client.post("/plain-notes", content=json.dumps({"words": words}), headers=headers)
    is_problem(answer, 422, "invalid_request")


async def test_null_bytes_in_an_address_are_refused(sample_client, as_):
    assert (await sample_client.get("/words?q=a%00b")).status_code == 400
    assert (await sample_client.get("/notes/%00", headers=as_(OLENA))).status_code == 400


async def test_a_megabyte_is_too_much(sample_client, as_):
    big = json.dumps({"words": "a" * 1_000_000}).encode()
    headers = as_(OLENA) | {"content-type": "application/json"}
    is_problem(await sample_client.post("/plain-notes", content=big, headers=headers), 413, "content_too_large")

    async def dribble():
        for start in range(0, len(big), 10_000):
            yield big[start : start + 10_000]

    is_problem(await sample_client.post("/plain-notes", content=dribble(), headers=headers), 413, "content_too_large")


async def test_a_megabyte_is_too_much_without_a_token_too(sample_client):
    answer = await sample_client.post("/echoes", content=b"a" * 1_000_000, headers={"content-type": "application/json"})
    is_problem(answer, 413, "content_too_large")


async def test_other_media_types_are_not_read(sample_client):
    answer = await sample_client.post("/echoes", content=b'{"words": "a"}', headers={"content-type": "text/plain"})
    is_problem(answer, 422, "invalid_request")


async def test_safe_headers_are_on_every_answer(sample_client):
    for answer in (await sample_client.get("/hello"), await sample_client.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_callers_trace_is_continued(sample_client):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await sample_client.get("/nothing", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert answer.json()["trace_id"] == trace
    answer = await sample_client.get("/nothing", headers={"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"})
    assert answer.json()["trace_id"] != "0" * 32


async def test_a_request_is_the_cause_of_what_it_says(sample_client):
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await sample_client.get("/causes", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    correlation, traceparent = answer.json()
    assert correlation.replace("-", "") == trace
    assert traceparent.split("-")[1] == trace
    assert cause.get() is None


async def test_a_snapshot_changes_nothing(sample_client, sample_service, as_):
    answer = await sample_client.post("/snapshots", json={"words": "a"}, headers=as_(OLENA))
    is_problem(answer, 500, "internal_server_error")
    assert await count(sample_service) == 0


async def test_versions_guard_changes(sample_client, as_):
    taken = await sample_client.post("/plain-notes", json={"words": "one"}, headers=as_(OLENA))
    path = f"/notes/{taken.json()['id']}"
    seen = (await sample_client.get(path, headers=as_(OLENA))).headers["etag"]
    assert seen == '"one"'
    unchanged = await sample_client.get(path, headers=as_(OLENA) | {"if-none-match": seen})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    change = {"words": "two"}
    is_problem(await sample_client.put(path, json=change, headers=as_(OLENA)), 428, "precondition_missing")
    changed = await sample_client.put(path, json=change, headers=as_(OLENA) | {"if-match": seen})
    assert changed.json()["words"] == "two"
    late = await sample_client.put(path, json=change, headers=as_(OLENA) | {"if-match": seen})
    is_problem(late, 412, "version_passed")


async def test_another_house_is_behind_a_wall_that_the_query_does_not_know_of(sample_client, sample_service, as_):
    await sample_client.post("/plain-notes", json={"words": "ours"}, headers=as_(OLENA))
    assert (await sample_client.get("/notes", headers=as_(TARAS))).json()["items"]
    assert (await sample_client.get("/notes", headers=as_(STRANGE_CLIENT))).json()["items"] == []
    for tenant, seen in {"therapy": 1, "clinics": 0, "": 0, "*": 1}.items():
        async with sample_service.database.session(tenant) as tx:
            assert len((await tx.execute(sa.select(NoteRow))).all()) == seen
        async with sample_service.database.autocommit(tenant) as fast:
            assert len(await fast.fetch("SELECT * FROM notes")) == seen
    async with sample_service.database.engine.connect() as connection:
        assert (await connection.execute(sa.select(NoteRow))).all() == []


async def test_a_row_of_another_house_cannot_be_written(sample_service):
    values = {"id": uuid4(), "tenant": "clinics", "owner": OLENA.id, "words": "a", "once": None, "at": sa.func.now()}
    with pytest.raises(sa.exc.ProgrammingError, match="row-level security"):
        async with sample_service.database.session("therapy") as tx:
            await tx.execute(sa.insert(NoteRow).values(values))


@pytest.mark.parametrize("tenant", ["x'; DROP TABLE notes; --", "Therapy", "a" * 32, "a\n"])
async def test_a_tenants_name_is_never_more_than_a_name(sample_service, tenant):
    with pytest.raises(ValueError, match="not a tenant"):
        async with sample_service.database.autocommit(tenant):
            pass


async def test_the_description_documents_problems_and_roles(sample_client):
    document = (await sample_client.get("http://dovira.test/sample/openapi.json")).json()
    assert "HTTPValidationError" not in json.dumps(document)
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["responses"]["4XX"]["content"][PROBLEM]
            assert operation["tags"] in (["notes"], ["policies"])
    assert document["paths"]["/v1/hello"]["get"]["security"] == []
    take = document["paths"]["/v1/notes"]["post"]
    assert take["security"] == [{"token": ["client"]}]
    assert take["operationId"] == "take_note"
    assert "note_taken" in take["responses"]["409"]["content"][PROBLEM]["examples"]
    assert "Idempotency-Key" in {parameter["name"] for parameter in take["parameters"]}


async def test_probes_and_metrics(sample_client):
    base = "http://dovira.test/sample"
    for probe in ("livez", "readyz", "startupz"):
        assert (await sample_client.get(f"{base}/{probe}")).status_code == 200
    await sample_client.get("/hello")
    metrics = (await sample_client.get(f"{base}/metrics")).text
    wanted = 'http_request_method="GET",http_response_status_code="200",http_route="/v1/hello",service="sample"'
    assert f"http_server_request_duration_seconds_count{{{wanted}}}" in metrics


async def test_logs_hold_only_what_may_be_known(sample_client, as_, capsys):
    logs.configure(level="info")
    try:
        await sample_client.post("/plain-notes", json={"words": "canary-words"}, headers=as_(OLENA))
        await sample_client.get("/words?q=canary-query")
        await sample_client.get("/canary-path")
        structlog.get_logger().info("note.taken", words="canary-key", count=1)
        logging.getLogger("some.library").warning("about %s", "canary-argument")
        try:
            raise ValueError("canary-error")  # noqa: TRY301
        except ValueError:
            logging.getLogger("some.library").exception("failed")
            structlog.get_logger().exception("note.failed")
    finally:
        logs.configure(level="error")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) >= 7
    assert "canary" not in json.dumps(lines)
    assert {key for line in lines for key in line} <= logs.KEYS
    assert {line["error"] for line in lines if "error" in line} == {"ValueError"}


async def test_streams_and_jobs_hear_that_the_end_is_near(surroundings, database_for, tables_only):
    runs = []

    async def fail(_, now):
        runs.append(now)
        raise ValueError

    service = replace(sample.service, jobs=[Job("fail", timedelta(milliseconds=20), fail)])
    url = await database_for("closing", tables_only(sample.Base.metadata))
    async with service.open(replace(surroundings, works=True), url) as running:
        await eventually(lambda: len(runs) > 2)
        assert not running.closing.is_set()
    assert running.closing.is_set()


async def test_everybody_may_say_hello(sample_client):
    assert (await sample_client.get("/hello")).json() == "hello"
    assert PUBLIC.public
