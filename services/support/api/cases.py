"""The cases that people of the house answer: who takes which, and how it ends."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from libs.events.support import CaseKind
from libs.kit.auth import Principal
from libs.kit.etags import IfMatch, PreconditionMissing, VersionPassed, tag
from libs.kit.http import Router, Snapshot, Transaction, roles
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.support import commands, queries
from services.support.domain import (
    CaseClosed,
    CaseNotClosed,
    CaseNotYours,
    CaseStatus,
    CaseTaken,
    CaseUnknown,
    OutcomeUnfit,
    cases,
)
from services.support.schemas import CaseView, NewClosure, NewReopening
from services.support.tables import CaseRow

routes = Router(prefix="/v1", tags=["cases"])
Desk = Annotated[Principal, Depends(roles("clinician", "support", "supervisor"))]
UNSEEN = (PreconditionMissing, VersionPassed)


@routes.get("/cases", responses=documented(CursorUnknown))
async def list_cases(
    desk: Desk,
    tx: Snapshot,
    paging: Paging,
    status: Annotated[CaseStatus | None, Query(description="Without it, all that are not closed.")] = None,
    kind: Annotated[CaseKind | None, Query()] = None,
) -> Page[CaseView]:
    """The queue of your desk, most urgent first: danger and fears, then refusals, each by when it is due."""
    now = await queries.moment(tx)
    found = await queries.queue(tx, desk, status=status, kind=kind, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda it: (it.desk, it.due_at, it.id), shape=lambda it: _view(it, now))


@routes.get("/cases/{case_id}", responses=documented(CaseUnknown))
async def show_case(case_id: UUID, desk: Desk, tx: Snapshot, response: Response) -> CaseView:
    """A case of your desk. Its ETag is what a change has to send in If-Match."""
    return _tagged(await queries.case(tx, case_id, desk), response, await queries.moment(tx))


@routes.put("/cases/{case_id}/taking", responses=documented(CaseUnknown, CaseTaken, CaseClosed, *UNSEEN))
async def take_case(
    case_id: UUID, desk: Desk, *, if_match: IfMatch = None, tx: Transaction, response: Response
) -> CaseView:
    """Answer for a case from now on; its parties see that somebody does. Taking what is yours changes nothing."""
    now = await queries.moment(tx)
    return _tagged(await commands.take_case(tx, case_id, agent=desk, if_match=if_match, now=now), response, now)


@routes.delete("/cases/{case_id}/taking", responses=documented(CaseUnknown, CaseNotYours, CaseClosed, *UNSEEN))
async def give_case_back(
    case_id: UUID, desk: Desk, *, if_match: IfMatch = None, tx: Transaction, response: Response
) -> CaseView:
    """Let a colleague take a case that you took; it is due when it was. A supervisor may do it for whoever took it."""
    now = await queries.moment(tx)
    return _tagged(await commands.give_case_back(tx, case_id, agent=desk, if_match=if_match), response, now)


@routes.post(
    "/cases/{case_id}/closure",
    dependencies=[Idempotent],
    responses=documented(CaseUnknown, CaseNotYours, CaseClosed, OutcomeUnfit, *UNSEEN),
)
async def close_case(
    case_id: UUID, new: NewClosure, desk: Desk, *, if_match: IfMatch = None, tx: Transaction, response: Response
) -> CaseView:
    """Say how a case that you took ended. What happens later is another case; what was not so is opened again."""
    now = await queries.moment(tx)
    case = await commands.close_case(tx, case_id, new.outcome, agent=desk, if_match=if_match, now=now)
    return _tagged(case, response, now)


@routes.post(
    "/cases/{case_id}/reopening",
    dependencies=[Idempotent],
    responses=documented(CaseUnknown, CaseNotClosed, *UNSEEN),
)
async def reopen_case(
    case_id: UUID, new: NewReopening, desk: Desk, *, if_match: IfMatch = None, tx: Transaction, response: Response
) -> CaseView:
    """Open a case of your desk again that should not have been closed, whoever closed it.

    It waits for anybody of the desk, as long as a new one of its kind, and is told if nobody takes it. Its parties see
    that it is open.
    """
    now = await queries.moment(tx)
    case = await commands.reopen_case(tx, case_id, new.reason, agent=desk, if_match=if_match, now=now)
    return _tagged(case, response, now)


def _tagged(case: CaseRow, response: Response, now: datetime) -> CaseView:
    tag(response, case.version)
    return _view(case, now)


def _view(case: CaseRow, now: datetime) -> CaseView:
    shown = {name: getattr(case, name) for name in CaseView.model_fields if name != "overdue"}
    return CaseView(**shown, overdue=cases.is_overdue(case.as_case(), now))
