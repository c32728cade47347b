"""What a bucket can do that a folder cannot: refuse, be another one, and be away; proved on a real S3 server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.s3 import S3
from libs.kit.objects import Objects, ObjectsAway, open_objects
from libs.kit.ports import free_port

Act = Callable[[Objects], Awaitable[object]]
ACTS: dict[str, Act] = {
    "put": lambda it: it.put("a/1", b"x"),
    "put large": lambda it: it.put("a/1", bytes(12 * 1024 * 1024)),
    "get": lambda it: it.get("a/1"),
    "delete": lambda it: it.delete("a/1"),
    "delete a folder": lambda it: it.delete_under("a"),
}


@pytest.fixture(params=list(ACTS))
def act(request: pytest.FixtureRequest) -> Act:
    return ACTS[request.param]


def files(bucket: Path) -> list[str]:
    return [str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file()]


async def away(act: Act, url: str) -> None:
    """It says that it is away, in the end, and nothing that belongs to its owner."""
    async with asyncio.timeout(60):
        with pytest.raises(ObjectsAway) as told:
            await act(open_objects(url, Path("unused")))
    assert str(told.value) == ""


async def test_an_object_lies_under_the_prefix_and_goes_without_a_trace(bucket: Path):
    store = open_objects(f"s3://{bucket.name}/pre/fix", Path("unused"))
    await store.put("a/1", b"x")
    assert files(bucket) == ["pre/fix/a/1"]
    await store.delete("a/1")
    assert files(bucket) == []


async def test_who_has_another_secret_is_told_nothing_and_changes_nothing(
    act: Act, bucket: Path, monkeypatch: pytest.MonkeyPatch
):
    await open_objects(f"s3://{bucket.name}", Path("unused")).put("a/1", b"mine")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody else's")
    await away(act, f"s3://{bucket.name}")
    monkeypatch.undo()
    assert files(bucket) == ["a/1"]
    assert (bucket / "a" / "1").read_bytes() == b"mine"


@pytest.mark.parametrize("name", [name for name in ACTS if name != "delete"])
async def test_a_bucket_that_is_not_there_is_away_and_not_empty(name: str, bucket: Path):
    """Else pictures would be lost without a word, and an erasure would be told of what it never reached.

    To delete one object is left out: Amazon refuses it like the others, the server of this test takes it for done.
    """
    await away(ACTS[name], f"s3://{bucket.name}-of-yesterday")


class Front:
    """Stands before the server, so that it can go and come back without a Java that starts anew."""

    def __init__(self, behind: int) -> None:
        self._behind, self._open = behind, set[asyncio.StreamWriter]()
        self._serving: asyncio.Server | None = None
        self.port, self.mute = free_port(), False

    async def come(self) -> None:
        self._serving = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    async def go(self) -> None:
        assert self._serving
        self._serving.close()
        for writer in self._open:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._behind)
        self._open |= {writer, back}
        if not self.mute:
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
        writer.close()


@pytest.fixture
async def front(s3: S3, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Front]:
    standing = Front(s3.port)
    await standing.come()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{standing.port}")
    yield standing
    await standing.go()


async def test_a_server_that_is_down_is_away_and_is_used_again_when_it_is_back(bucket: Path, front: Front):
    store = open_objects(f"s3://{bucket.name}", Path("unused"))
    await store.put("a/1", b"kept")
    await front.go()
    for act in ACTS.values():
        await away(act, f"s3://{bucket.name}")
    with pytest.raises(ObjectsAway):
        await store.get("a/1")
    await front.come()
    assert await store.get("a/1") == b"kept"


async def test_a_server_that_takes_the_call_and_says_nothing_is_given_up(
    bucket: Path, front: Front, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("libs.kit.objects.ANSWERS_WITHIN", "0.3s")
    front.mute = True
    await away(ACTS["get"], f"s3://{bucket.name}")
