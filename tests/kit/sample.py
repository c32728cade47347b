"""A tiny service: notes that belong to people, with one of everything that the kit offers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import Response
from pydantic import Field
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from libs.bus.context import cause
from libs.bus.ids import uuid7
from libs.kit.errors import Conflict, Invalid, NotFound, TooSoon, Unavailable
from libs.kit.etags import IfMatch, IfNoneMatch, not_modified, require_match, tag
from libs.kit.http import (
    PUBLIC,
    Autocommit,
    Caller,
    Client,
    Now,
    Router,
    Snapshot,
    Specialist,
    Transaction,
    roles,
)
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import Page, Paging
from libs.kit.policies import RuleBook, policies_table, policy_routes
from libs.kit.problems import documented
from libs.kit.rules import Says
from libs.kit.schemas import Input, Output
from libs.kit.service import Service
from libs.kit.sql import ServiceTables, tenant_wall


class Base(ServiceTables, DeclarativeBase):
    """The sample's rows."""


class NoteRow(Base):
    """What somebody noted."""

    __tablename__ = "notes"
    __table_args__ = (
        # Checked at COMMIT only: a change can look well until the very end.
        sa.UniqueConstraint("owner", "once", deferrable=True, initially="DEFERRED"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    owner: Mapped[UUID]
    words: Mapped[str]
    once: Mapped[str | None]
    at: Mapped[datetime]


@dataclass(frozen=True)
class NoteRules:
    """The house rules of notes."""

    longest: Annotated[int, Says("C4", "A note has at most so many characters."), Field(ge=1, le=200)] = 200
    kept_for: Annotated[timedelta, Says("C4", "A note is kept for this long.")] = timedelta(days=30)


@dataclass(frozen=True)
class Rules:
    """The house rules of the sample."""

    notes: NoteRules = field(default_factory=NoteRules)


BOOK = RuleBook(Rules, policies_table(Base.metadata))

for statement in (*tenant_wall("notes"), *tenant_wall("policies")):
    sa.event.listen(Base.metadata, "after_create", sa.DDL(statement.replace("%", "%%")))


class NewNote(Input):
    """A note to take."""

    words: Annotated[str, Field(min_length=1, max_length=200)]
    once: str | None = None


class Note(Output):
    """A note."""

    id: UUID
    words: str


class NoteUnknown(NotFound):
    """There is no such note of yours."""


class NoteTaken(Conflict):
    """Somebody noted that before."""


class NoteTooLong(Invalid):
    """That is more than a note."""


class TooManyNotes(TooSoon):
    """You note too much."""


class NotebookAway(Unavailable):
    """The notebook is elsewhere."""


ERRORS = {error.code(): error for error in (NoteUnknown, NoteTaken, NoteTooLong, NotebookAway)}
ADD = sa.insert(NoteRow).values(id=sa.bindparam("note"), tenant=sa.bindparam("house"))
routes = Router(prefix="/v1", tags=["notes"])


@routes.post("/notes", status_code=201, dependencies=[Idempotent], responses=documented(NoteTaken))
async def take_note(note: NewNote, client: Client, tx: Transaction, now: Now, response: Response) -> Note:
    """Take a note."""
    row = NoteRow(id=uuid7(), tenant=client.tenant, owner=client.id, words=note.words, once=note.once, at=now)
    tx.add(row)
    await tx.flush()
    response.headers["Location"] = f"/notes/{row.id}"
    return Note.model_validate(row)


@routes.post("/quick-notes", status_code=201)
async def take_quick_note(note: NewNote, client: Client, tx: Autocommit, now: Now) -> Note:
    """Take a note in one statement."""
    taken = Note(id=uuid7(), words=note.words)
    await tx.execute(
        "INSERT INTO notes (id, tenant, owner, words, once, at) VALUES ($1, $2, $3, $4, $5, $6)",
        taken.id, client.tenant, client.id, note.words, note.once, now,
    )  # fmt: skip
    return taken


@routes.post("/plain-notes", status_code=201)
async def take_plain_note(note: NewNote, client: Client, tx: Transaction, now: Now) -> Note:
    """Take a note as often as one asks."""
    row = NoteRow(id=uuid7(), tenant=client.tenant, owner=client.id, words=note.words, once=note.once, at=now)
    tx.add(row)
    await tx.flush()
    return Note.model_validate(row)


@routes.get("/notes", policy=roles())
async def list_notes(tx: Snapshot, paging: Paging) -> Page[Note]:
    """Everybody's notes in the caller's house, newest last."""
    query = sa.select(NoteRow).order_by(NoteRow.at, NoteRow.id).limit(paging.limit + 1)
    if paging.after:
        query = query.where(sa.tuple_(NoteRow.at, NoteRow.id) > sa.tuple_(*paging.after))
    rows = (await tx.scalars(query)).all()
    return paging.page(rows, key=lambda row: (row.at, row.id), shape=Note.model_validate)


@routes.get("/notes/{note_id}", policy=roles(), responses=documented(NoteUnknown))
async def show_note(note_id: UUID, tx: Snapshot, response: Response, seen: IfNoneMatch = None) -> Note:
    """One note."""
    row = await tx.get(NoteRow, note_id)
    if row is None:
        raise NoteUnknown
    if unchanged := not_modified(seen, row.words):
        return unchanged  # type: ignore[return-value]
    tag(response, row.words)
    return Note.model_validate(row)


@routes.put("/notes/{note_id}", policy=roles("client"))
async def rewrite_note(note_id: UUID, note: NewNote, tx: Transaction, seen: IfMatch = None) -> Note:
    """Change a note that one has seen."""
    row = await tx.get(NoteRow, note_id)
    if row is None:
        raise NoteUnknown
    require_match(seen, row.words)
    row.words = note.words
    return Note.model_validate(row)


@routes.post("/snapshots")
async def write_in_a_snapshot(note: NewNote, caller: Caller, tx: Snapshot, now: Now) -> None:
    """Wrong, and refused by the database."""
    tx.add(NoteRow(id=uuid7(), tenant=caller.tenant, owner=caller.id, words=note.words, once=None, at=now))


@routes.get("/failures/{code}", policy=roles())
async def fail(code: str, now: Now) -> None:
    """Every error by its code."""
    if code == "too_many_notes":
        raise TooManyNotes(until=now)
    if code in ERRORS:
        raise ERRORS[code]
    raise RuntimeError(f"the words of {code} stay inside")


@routes.get("/specialists-only")
async def specialists_only(caller: Specialist) -> str:
    """Not for clients."""
    return caller.role


@routes.get("/hello", policy=PUBLIC)
async def hello() -> str:
    """For everybody."""
    return "hello"


@routes.post("/echoes", policy=PUBLIC)
async def echo(note: NewNote) -> str:
    """What was sent."""
    return note.words


@routes.get("/causes", policy=PUBLIC)
async def show_cause() -> list[str]:
    """Why this is being done."""
    why = cause.get()
    return [str(why.correlation_id), why.traceparent or ""] if why else []


@routes.get("/words", policy=PUBLIC)
async def words(tx: Transaction, q: str) -> str:
    """What PostgreSQL makes of a parameter."""
    return str(await tx.scalar(sa.text("SELECT CAST(:q AS text)"), {"q": q}))


routes.routes.extend(policy_routes(BOOK, example={"notes": {"longest": 100}}).routes)
service = Service(name="sample", title="Sample", router=routes, metadata=Base.metadata, describe="For tests.")
