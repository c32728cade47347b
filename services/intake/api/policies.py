"""The house rules, for everybody whom they bind, and for those who may change them."""

from libs.kit.http import Caller, Ops, Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.commands import NoSuchRule
from services.intake.domain import clauses
from services.intake.queries import ADAPTER
from services.intake.schemas import ClauseView, NewPolicy, PolicyVersionView, PolicyView

routes = Router(prefix="/v1", tags=["policies"])


@routes.get("/policies")
async def get_policy(caller: Caller, tx: Snapshot) -> PolicyView:
    """Every number that binds you, what it means, which rule it comes from, and whether this house changed it."""
    rules, history = await queries.rules_of(tx, caller.tenant), await queries.policy_history(tx, caller.tenant)
    shown, changed = ADAPTER.dump_python(rules, mode="json"), history[0].changes if history else {}
    listed = []
    for each in clauses(rules):
        group, _, name = each.name.partition(".")
        listed.append(
            ClauseView(
                name=each.name, value=shown[group][name], rule=each.says.rule, meaning=each.says.meaning,
                changed=name in changed.get(group, {}),
            )
        )  # fmt: skip
    return PolicyView(version=history[0].version if history else 0, clauses=listed)


@routes.get("/policies/versions")
async def list_policy_versions(ops: Ops, tx: Snapshot) -> list[PolicyVersionView]:
    """Who changed the house rules when, the newest first."""
    return [PolicyVersionView.model_validate(each) for each in await queries.policy_history(tx, ops.tenant)]


@routes.post("/policies", status_code=201, dependencies=[Idempotent], responses=documented(NoSuchRule))
async def change_policy(new: NewPolicy, ops: Ops, tx: Transaction) -> PolicyView:
    """A new version of the house rules: all that differs from the defaults. It binds whatever happens from now on."""
    now = await queries.moment(tx)
    await commands.change_policy(tx, new.changes, tenant=ops.tenant, by=ops.id, now=now)
    return await get_policy(ops, tx)
