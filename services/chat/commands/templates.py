"""A house's own templates."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus.ids import uuid7
from libs.events.intake import Locale
from services.chat.domain.templates import Template, TemplatePurpose, checked
from services.chat.tables import TemplateRow

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('templates ' || :tenant))")
NEXT = select(func.coalesce(func.max(TemplateRow.version), 0) + 1).where(
    TemplateRow.tenant == bindparam("tenant"),
    TemplateRow.purpose == bindparam("purpose"),
    TemplateRow.locale == bindparam("locale"),
)
KEEP = insert(TemplateRow)


async def change_template(
    tx: AsyncSession, purpose: TemplatePurpose, locale: Locale, words: str, *, tenant: str, by: UUID, now: datetime
) -> Template:
    """A new version of a text, whole; from now on it is the one that is used."""
    kept = checked(purpose, words)
    await tx.execute(ONE_AT_A_TIME, {"tenant": tenant})
    which = {"tenant": tenant, "purpose": purpose, "locale": locale}
    version = (await tx.execute(NEXT, which)).scalar_one()
    new = Template(id=uuid7(), purpose=purpose, locale=locale, version=version, text=kept, at=now)
    await tx.execute(KEEP, which | {"id": new.id, "version": version, "text": kept, "by": by, "at": now})
    return new
