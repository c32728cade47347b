"""What a client or a specialist sees of the cases that they are a party of (T3)."""

from uuid import UUID

from libs.kit.http import Party, Router, Snapshot
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.support import queries
from services.support.domain import CaseUnknown
from services.support.schemas import PartyCaseView

routes = Router(prefix="/v1", tags=["cases"])


@routes.get("/own-cases", responses=documented(CursorUnknown))
async def list_own_cases(party: Party, tx: Snapshot, paging: Paging) -> Page[PartyCaseView]:
    """Oldest first: what opened because you pressed the danger button, feared for a client, or the work was ended.

    A case is here a moment after what opened it. Until somebody has taken it, a helpline answers sooner.
    """
    found = await queries.own_cases(tx, party, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda it: (it.opened_at, it.id), shape=PartyCaseView.model_validate)


@routes.get("/own-cases/{case_id}", responses=documented(CaseUnknown))
async def show_own_case(case_id: UUID, party: Party, tx: Snapshot) -> PartyCaseView:
    """One of these."""
    return PartyCaseView.model_validate(await queries.own_case(tx, case_id, party))
