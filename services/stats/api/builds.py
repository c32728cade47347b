"""Building the figures anew beside the live ones, for operators."""

from typing import Annotated

from fastapi import Path, Response

from libs.kit.http import Now, Ops, Router, Snapshot, Transaction
from libs.kit.problems import documented
from services.stats import commands, queries
from services.stats.domain import BuildUnderWay, BuildUnknown, PolicyInvalid
from services.stats.schemas import BuildBegun, Builds, BuildView, NewBuild

routes = Router(prefix="/v1")


@routes.post("/builds", status_code=202, tags=["builds"], responses=documented(BuildUnderWay, PolicyInvalid))
async def begin_build(new: NewBuild, _: Ops, tx: Transaction, now: Now, response: Response) -> BuildBegun:
    """Build all figures anew from the log's start, beside the live ones, which go on answering.

    Once the new figures have heard what the live ones have, the two are compared. By the same policy they must be
    equal, or the new ones are thrown away; then one row makes them the live ones. What was shown before stays known.
    """
    number = await commands.begin_build(tx, new.policy, accept_differences=new.accept_differences, now=now)
    response.headers["Location"] = f"builds/{number}"
    return BuildBegun(number=number)


@routes.get("/builds", tags=["builds"])
async def list_builds(_: Ops, tx: Snapshot) -> Builds:
    """Every build with how far it has come, the newest first; empty if nothing was ever built anew."""
    return Builds(items=[BuildView.of(row) for row in await queries.listed(tx)])


@routes.post("/builds/{number}/cancellation", status_code=204, tags=["builds"], responses=documented(BuildUnknown))
async def cancel_build(number: Annotated[int, Path(ge=1, le=32_767)], _: Ops, tx: Transaction, now: Now) -> None:
    """Give up a build that is not live yet."""
    await commands.cancel_build(tx, number, now=now)
