"""Templates: what came with us, and what a house has in its place."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.intake import Locale
from libs.kit.sql import FastConnection
from services.chat.domain.templates import Template, TemplatePurpose, TemplateUnknown
from services.chat.domain.texts import TEMPLATES
from services.chat.tables import TemplateRow

COLUMNS = (
    TemplateRow.id, TemplateRow.purpose, TemplateRow.locale, TemplateRow.version, TemplateRow.text, TemplateRow.at,
)  # fmt: skip
OWN = select(*COLUMNS).where(TemplateRow.tenant == bindparam("tenant"))
NEWEST = OWN.ext(distinct_on(TemplateRow.purpose, TemplateRow.locale)).order_by(
    TemplateRow.purpose, TemplateRow.locale, TemplateRow.version.desc()
)
ONE = OWN.where(TemplateRow.id == bindparam("id"))
FAREWELL: Final = """
SELECT id, purpose, locale, version, text, at FROM templates WHERE tenant = $1 AND id = $2 AND purpose = 'farewell'
"""
BY_ID: Final = {each.id: each for each in TEMPLATES}


async def templates(
    tx: AsyncSession, tenant: str, *, purpose: TemplatePurpose | None = None, locale: Locale | None = None
) -> Sequence[Template]:
    """The texts that are used now: the newest of the house's own, else the one that came with us."""
    found = {(each.purpose, each.locale): each for each in TEMPLATES}
    for row in await tx.execute(NEWEST, {"tenant": tenant}):
        own = Template(**row._mapping)  # noqa: SLF001 - SQLAlchemy's name for it
        found[own.purpose, own.locale] = own
    return [each for each in found.values() if purpose in (None, each.purpose) and locale in (None, each.locale)]


async def template(tx: AsyncSession, tenant: str, template_id: UUID) -> Template:
    """One of them, or an older version of it: what an id means never changes."""
    if template_id in BY_ID:
        return BY_ID[template_id]
    row = (await tx.execute(ONE, {"tenant": tenant, "id": template_id})).one_or_none()
    if row is None:
        raise TemplateUnknown
    return Template(**row._mapping)  # noqa: SLF001 - as above


async def farewell(db: FastConnection, tenant: str, template_id: UUID) -> Template:
    """A farewell, in any version of it."""
    known = BY_ID.get(template_id)
    if known is None and (row := await db.fetchrow(FAREWELL, tenant, template_id)) is not None:
        known = Template(**row)
    if known is None or known.purpose != "farewell":
        raise TemplateUnknown
    return known
