"""House rules that bind: what each tenant changed of a service's rules, as rows; who may read and change them."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import (
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit import rules
from libs.kit.clock import moment
from libs.kit.errors import Invalid
from libs.kit.http import Caller, Ops, Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from libs.kit.schemas import Input, Output

RulesOf = TypeVar("RulesOf", bound=rules.Rules)
Changes = dict[str, dict[str, Any]]
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('policies ' || :tenant))")

CHANGE = "A new version of the house rules: all that differs from the defaults. It binds whatever happens from now on."


def policies_table(metadata: MetaData) -> Table:
    """Add to a service's schema what its tenants changed: the newest version binds, older ones say who was bound when.

    In its migration it needs its wall (`tenant_policies`).
    """
    return Table(
        "policies", metadata,
        Column("tenant", Text, primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("changes", JSONB, nullable=False, comment="by group and name; what is not here is the default"),
        Column("by", Uuid, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )  # fmt: skip


class NoSuchRule(Invalid):
    """The house rules have no such number, or it cannot be that."""


class PolicyVersion(NamedTuple):
    """What a tenant changed of the house rules, by group and name; who changed it, and when."""

    version: int
    changes: dict[str, Any]
    by: UUID
    at: datetime


class RuleBook(Generic[RulesOf]):
    """The house rules of one service: their defaults, and what each tenant has instead."""

    def __init__(self, kind: type[RulesOf], table: Table) -> None:
        self.adapter = TypeAdapter(kind)
        self.defaults: Changes = asdict(kind())
        self.rules_with = lru_cache(maxsize=64)(self._rules_with)
        of_tenant = select(table.c.version, table.c.changes, table.c.by, table.c.at).where(
            table.c.tenant == bindparam("tenant")
        )
        self._history = of_tenant.order_by(table.c.version.desc())
        self._newest = self._history.with_only_columns(cast(table.c.changes, Text)).limit(1)
        self._next = select(func.coalesce(func.max(table.c.version), 0) + 1).where(
            table.c.tenant == bindparam("tenant")
        )
        self._keep = insert(table)

    async def rules_of(self, tx: AsyncSession, tenant: str) -> RulesOf:
        """The rules that bind this tenant now."""
        return self.rules_with(await tx.scalar(self._newest, {"tenant": tenant}))

    async def history(self, tx: AsyncSession, tenant: str) -> Sequence[PolicyVersion]:
        """All versions, the newest first; none where the defaults hold."""
        return [PolicyVersion(*row) for row in await tx.execute(self._history, {"tenant": tenant})]

    async def change(self, tx: AsyncSession, changes: Changes, *, tenant: str, by: UUID, now: datetime) -> int:
        """A new version: what differs from the defaults, whole. The number of the version that binds from now on."""
        self._possible(changes)
        await tx.execute(ONE_AT_A_TIME, {"tenant": tenant})
        version = (await tx.execute(self._next, {"tenant": tenant})).scalar_one()
        await tx.execute(self._keep, {"tenant": tenant, "version": version, "changes": changes, "by": by, "at": now})
        return int(version)

    def _rules_with(self, changes: str | None) -> RulesOf:
        """The default rules with these changes, as they are kept: `{"race": {"zone": "Europe/Kyiv"}}`."""
        return self._merged(json.loads(changes) if changes else {})

    def _merged(self, changes: Changes) -> RulesOf:
        return self.adapter.validate_python(
            {group: values | changes.get(group, {}) for group, values in self.defaults.items()}
        )

    def _possible(self, changes: Changes) -> None:
        for group, values in changes.items():
            for name in values:
                if name not in self.defaults.get(group, {}):
                    raise NoSuchRule(f"There is no {group}.{name}.")
        try:
            self._merged(changes)
        except ValidationError as error:
            first = error.errors()[0]
            raise NoSuchRule(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.") from None


class ClauseView(Output):
    """One number of the house rules."""

    name: str = Field(examples=["race.day_cooldown"])
    value: Any = Field(examples=["PT20M"], description="Durations as in ISO 8601.")
    rule: str = Field(examples=["B5"], description="The rule it comes from.")
    meaning: str = Field(examples=["So long a specialist waits after an accept by day."])
    changed: bool = Field(description="Whether this house has a number of its own.")


class PolicyView(Output):
    """The house rules as they bind now."""

    version: int = Field(examples=[3], description="0 where nothing was ever changed.")
    clauses: list[ClauseView]


class NewPolicy(Input):
    """What differs from the defaults, whole: what is left out is as the defaults say."""

    changes: dict[str, dict[str, Any]] = Field(
        max_length=16, examples=[{"race": {"zone": "Europe/Kyiv", "day_cooldown": "PT15M"}}]
    )


class PolicyVersionView(Output):
    """One version of the house rules."""

    version: int = Field(examples=[3])
    changes: dict[str, dict[str, Any]] = Field(examples=[{"race": {"zone": "Europe/Kyiv"}}])
    by: UUID = Field(examples=["019a6f3c-0b1e-7c55-9d2a-3f1f6f0a9b21"])
    at: datetime = Field(examples=["2026-03-02T09:30:00Z"])


def policy_routes(book: RuleBook[Any], *, example: Changes | None = None) -> Router:
    """The house rules over HTTP: for everybody whom they bind, and for those who may change them."""
    routes = Router(prefix="/v1", tags=["policies"])
    shown = {"requestBody": {"content": {"application/json": {"example": {"changes": example}}}}} if example else None

    @routes.get("/policies")
    async def get_policy(caller: Caller, tx: Snapshot) -> PolicyView:
        """Every number that binds you, what it means, which rule it comes from, and whether this house changed it."""
        return await _view(book, tx, caller.tenant)

    @routes.get("/policies/versions")
    async def list_policy_versions(ops: Ops, tx: Snapshot) -> list[PolicyVersionView]:
        """Who changed the house rules when, the newest first."""
        return [PolicyVersionView.model_validate(each) for each in await book.history(tx, ops.tenant)]

    @routes.post(
        "/policies", status_code=201, dependencies=[Idempotent], responses=documented(NoSuchRule), description=CHANGE,
        openapi_extra=shown,
    )  # fmt: skip
    async def change_policy(new: NewPolicy, ops: Ops, tx: Transaction) -> PolicyView:
        await book.change(tx, new.changes, tenant=ops.tenant, by=ops.id, now=await moment(tx))
        return await _view(book, tx, ops.tenant)

    return routes


async def _view(book: RuleBook[Any], tx: AsyncSession, tenant: str) -> PolicyView:
    bound, history = await book.rules_of(tx, tenant), await book.history(tx, tenant)
    shown, changed = book.adapter.dump_python(bound, mode="json"), history[0].changes if history else {}
    listed = []
    for each in rules.clauses(bound):
        group, _, name = each.name.partition(".")
        listed.append(
            ClauseView(
                name=each.name, value=shown[group][name], rule=each.says.rule, meaning=each.says.meaning,
                changed=name in changed.get(group, {}),
            )
        )  # fmt: skip
    return PolicyView(version=history[0].version if history else 0, clauses=listed)
