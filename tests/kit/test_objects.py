"""One contract for every object store; it is held by memory, a folder, and a bucket of a real S3 server."""

import asyncio
from datetime import timedelta
from pathlib import Path
from random import randbytes

import pytest
from obstore.store import MemoryStore

from libs.kit import clock
from libs.kit.errors import StartRefused
from libs.kit.objects import ObjectMissing, Objects, ObjectsAway, open_objects


@pytest.fixture(params=["memory", "folder", "bucket"])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Objects:
    if request.param == "memory":
        return Objects(MemoryStore())
    if request.param == "folder":
        return open_objects(None, tmp_path / "not" / "yet")
    return open_objects(f"s3://{request.getfixturevalue('bucket').name}/pre/fix", tmp_path)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def names(objects: Objects, prefix: str | None = None) -> list[str]:
    return sorted([stored.name async for stored in objects.under(prefix)])


async def test_what_was_put_is_what_one_gets(objects: Objects):
    content = bytes(range(256)) * 4096
    await objects.put("pictures/a/1", content)
    await objects.put("pictures/a/2", b"")
    assert await objects.get("pictures/a/1") == content
    assert await objects.get("pictures/a/2") == b""


async def test_what_is_large_arrives_whole(objects: Objects):
    """Larger than what a client sends in one piece."""
    content = randbytes(12 * 1024 * 1024)
    await objects.put("pictures/large", content)
    assert await objects.get("pictures/large") == content


async def test_a_name_is_written_anew_whole(objects: Objects):
    await objects.put("a/1", b"long before")
    await objects.put("a/1", b"new")
    assert await objects.get("a/1") == b"new"


@pytest.mark.parametrize("name", ["nothing", "a", "a/2", "a/1/b"])
async def test_what_is_not_there_is_missing(objects: Objects, name: str):
    await objects.put("a/1", b"x")
    with pytest.raises((ObjectMissing, ObjectsAway) if name == "a/1/b" else ObjectMissing):
        await objects.get(name)


async def test_who_deletes_twice_deletes_once(objects: Objects):
    await objects.put("a/1", b"x")
    await objects.delete("a/1", "a/1", "a/never")
    await objects.delete()
    with pytest.raises(ObjectMissing):
        await objects.get("a/1")


async def test_a_folder_goes_whole_and_alone(objects: Objects):
    for name in ("a/1", "a/b/2", "ab/3", "b/a/4"):
        await objects.put(name, b"x")
    assert await objects.delete_under("a") == 2
    assert await objects.delete_under("a") == 0
    assert await names(objects) == ["ab/3", "b/a/4"]


async def test_everything_is_listed_with_the_moment_it_was_written(objects: Objects):
    before = clock.now() - timedelta(seconds=2)
    await asyncio.gather(*(objects.put(f"a/{number}", b"x") for number in range(1200)))
    assert len(await names(objects, "a")) == 1200
    assert await names(objects, "b") == []
    async for stored in objects.under():
        assert before <= stored.at <= clock.now() + timedelta(seconds=2)
        assert stored.at.tzinfo is not None


async def test_who_empties_a_folder_is_not_in_the_way_of_who_fills_it(objects: Objects):
    async def come_and_go(number: int) -> None:
        await objects.put(f"a/{number}", b"x")
        if number % 2:
            await objects.delete(f"a/{number}")

    await asyncio.gather(*map(come_and_go, range(400)))
    assert len(await names(objects)) == 200


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "../a", "a/../../b", "."])
async def test_a_name_leads_nowhere_else(objects: Objects, name: str, tmp_path: Path):
    for act in (objects.put(name, b"x"), objects.get(name), objects.delete(name), objects.delete_under(name)):
        with pytest.raises(ValueError, match="name"):
            await act
    assert files(tmp_path) == []


async def test_a_folder_is_for_its_owner_alone(tmp_path: Path):
    await open_objects(None, tmp_path / "objects").put("a/1", b"x")
    assert (tmp_path / "objects").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_refused_at_the_start(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartRefused, match="DOVIRA_RUN_DIR"):
        open_objects(None, tmp_path / "file" / "objects")


@pytest.mark.parametrize("url", ["http://elsewhere/x", "file:///etc", "s3://", "memory://", "bucket"])
def test_an_address_that_is_no_bucket_is_refused_at_the_start(url: str, tmp_path: Path):
    with pytest.raises(StartRefused):
        open_objects(url, tmp_path)
