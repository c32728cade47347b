"""The client's two buttons: enough talked, and problem solved (P10-P13, D10)."""

from libs.kit.http import Router, Snapshot, Transaction
from libs.kit.problems import documented
from services.chat import commands, queries
from services.chat.api.house import ConversationId, Hinted, Someone
from services.chat.domain import (
    ConversationUnknown,
    NothingToSolve,
    NotReopened,
    NotYoursToEnd,
    Solution,
    TooLateToUndo,
)
from services.chat.domain.rules import TalkRules
from services.chat.schemas import Ending, SolutionView

routes = Router(prefix="/v1", tags=["endings"])


@routes.put("/conversations/{conversation_id}/ending", responses=documented(ConversationUnknown, NotYoursToEnd))
async def end_conversation(conversation_id: ConversationId, client: Someone, tx: Transaction, hints: Hinted) -> Ending:
    """Enough talked: from now on nobody can write here, on either side. What was said can still be read."""
    room = await commands.end_conversation(tx, conversation_id, client, now=await queries.moment(tx))
    hints.announce(conversation_id, {"type": "ended"})
    return Ending(ended_at=room.ended_at, ended_by=room.ended_by)


@routes.delete(
    "/conversations/{conversation_id}/ending", responses=documented(ConversationUnknown, NotYoursToEnd, NotReopened)
)
async def reopen_conversation(
    conversation_id: ConversationId, client: Someone, tx: Transaction, hints: Hinted
) -> Ending:
    """Think better of it, where the house lets you (`talk.reopen_within`)."""
    room = await commands.reopen_conversation(tx, conversation_id, client, now=await queries.moment(tx))
    hints.announce(conversation_id, {"type": "reopened"})
    return Ending(ended_at=room.ended_at, ended_by=room.ended_by)


@routes.put(
    "/conversations/{conversation_id}/solution",
    responses=documented(ConversationUnknown, NotYoursToEnd, NothingToSolve),
)
async def say_solved(conversation_id: ConversationId, client: Someone, tx: Transaction) -> SolutionView:
    """My problem is solved: your score counts no longer, whether it was bad or good. Also after the end."""
    now = await queries.moment(tx)
    solution = await commands.settle(tx, conversation_id, client, solved=True, now=now)
    return _seen(solution, (await queries.rules_of(tx, client.tenant)).talk)


@routes.delete(
    "/conversations/{conversation_id}/solution",
    responses=documented(ConversationUnknown, NotYoursToEnd, NothingToSolve, TooLateToUndo),
)
async def take_solved_back(conversation_id: ConversationId, client: Someone, tx: Transaction) -> SolutionView:
    """It was a mistake: your score counts again."""
    now = await queries.moment(tx)
    solution = await commands.settle(tx, conversation_id, client, solved=False, now=now)
    return _seen(solution, (await queries.rules_of(tx, client.tenant)).talk)


@routes.get("/conversations/{conversation_id}/solution", responses=documented(ConversationUnknown, NothingToSolve))
async def get_solution(conversation_id: ConversationId, reader: Someone, tx: Snapshot) -> SolutionView:
    """Whether the problem is solved, for both sides."""
    room = await queries.conversation(tx, conversation_id, reader)
    if room.purpose != "solve":
        raise NothingToSolve
    return _seen(await queries.solution_of(tx, room), (await queries.rules_of(tx, reader.tenant)).talk)


def _seen(solution: Solution, rules: TalkRules) -> SolutionView:
    until = solution.solved_at + rules.undo_solved_within if solution.solved_at else None
    return SolutionView(solved_at=solution.solved_at, undo_until=until)
