"""The edge of a service: who may call, when it commits, and what it never tells."""

from tests.people import ANNA, OLENA


async def test_a_note_is_taken(sample_client, as_):
    answer = await sample_client.post("/notes", json={"words": "hi"}, headers=as_(OLENA, key="one"))
    assert answer.status_code == 201, answer.text
    listed = await sample_client.get("/notes", headers=as_(ANNA))
    assert [note["words"] for note in listed.json()["items"]] == ["hi"]
