"""Templates, for those who write to people in a house's name, and for those who word them."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from libs.events.intake import Locale
from libs.kit.auth import Principal
from libs.kit.http import Ops, Router, Snapshot, Transaction, roles
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.domain.templates import (
    TemplateMalformed,
    TemplatePurpose,
    TemplateUnknown,
    VariablesMismatch,
    house,
    rendered,
)
from services.chat.queries.templates import template, templates
from services.chat.schemas.templates import NewRendering, NewTemplate, RenderingView, TemplateView

routes = Router(prefix="/v1", tags=["templates"])
Reader = Annotated[Principal, Depends(roles("specialist", "clinic", "ops"))]
Writer = Annotated[Principal, Depends(roles("specialist", "clinic"))]


@routes.get("/templates")
async def list_templates(
    reader: Reader, tx: Snapshot, purpose: TemplatePurpose | None = None, locale: Locale | None = None
) -> list[TemplateView]:
    """The texts that are used now, by purpose and language: the house's own, else those that came with us."""
    found = await templates(tx, reader.tenant, purpose=purpose, locale=locale)
    return [TemplateView.model_validate(each) for each in found]


@routes.get("/templates/{template_id}", responses=documented(TemplateUnknown))
async def get_template(template_id: UUID, reader: Reader, tx: Snapshot) -> TemplateView:
    """One text. An id stands for the same text for ever; a change has an id of its own."""
    return TemplateView.model_validate(await template(tx, reader.tenant, template_id))


@routes.post("/templates", status_code=201, dependencies=[Idempotent], responses=documented(TemplateMalformed))
async def change_template(new: NewTemplate, ops: Ops, tx: Transaction) -> TemplateView:
    """A new version of a text, whole. It is used from now on; a text with unknown or missing variables is refused."""
    now = await queries.moment(tx)
    kept = await commands.change_template(tx, new.purpose, new.locale, new.text, tenant=ops.tenant, by=ops.id, now=now)
    return TemplateView.model_validate(kept)


@routes.post("/templates/{template_id}/rendering", responses=documented(TemplateUnknown, VariablesMismatch))
async def render_template(template_id: UUID, new: NewRendering, writer: Writer, tx: Snapshot) -> RenderingView:
    """The text with its variables filled in. Neither is kept anywhere; to send it, send a message."""
    known = await template(tx, writer.tenant, template_id)
    rules = await queries.rules_of(tx, writer.tenant)
    return RenderingView(text=rendered(known, new.variables, house=house(rules.consultations)))
