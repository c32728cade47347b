"""What is asked with an order, for its two sides alone."""

from uuid import UUID

from fastapi import Request

from libs.kit.http import Client, Party, Router, Snapshot, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.api.house import resources_of
from services.intake.api.orders import shown
from services.intake.domain.orders import (
    FollowUpsOver,
    OneQuestionOnly,
    OrderCancelled,
    OrderUnknown,
    QuestionsClosed,
    QuestionTooLong,
    TooManyChanges,
    TooManyQuestions,
)
from services.intake.schemas.orders import NewQuestions, OrderView, QuestionsView, QuestionView

routes = Router(prefix="/v1", tags=["orders"])


@routes.get("/orders/{order_id}/questions", responses=documented(OrderUnknown))
async def list_questions(order_id: UUID, caller: Party, tx: Snapshot, http: Request) -> QuestionsView:
    """What was asked, in order; an order has a bounded number of questions."""
    order, sealer = await queries.orders.seen_order(tx, order_id, caller.id), resources_of(http).sealer
    questions = [
        QuestionView(
            number=each.number, follow_up=each.follow_up, at=each.at,
            words=commands.orders.open_words(sealer, each.words, order.tenant, order_id, each.number),
        )
        for each in await queries.orders.words_of(tx, order_id)
    ]  # fmt: skip
    return QuestionsView(questions=questions)


@routes.post(
    "/orders/{order_id}/questions",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        OrderUnknown, OrderCancelled, OneQuestionOnly, QuestionsClosed, TooManyQuestions, QuestionTooLong, FollowUpsOver
    ),
)
async def ask_more(order_id: UUID, new: NewQuestions, client: Client, tx: Transaction, http: Request) -> OrderView:
    """Add what was forgotten, until work begins (C1). An answer to one question tolerates a few more (C4)."""
    sealer, now = resources_of(http).sealer, await queries.moment(tx)
    return shown(await commands.orders.ask_more(tx, sealer, order_id, client.id, new.questions, now=now))


@routes.post(
    "/orders/{order_id}/changes",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        OrderUnknown, OrderCancelled, OneQuestionOnly, QuestionsClosed, TooManyQuestions, QuestionTooLong,
        TooManyChanges,
    ),
)  # fmt: skip
async def ask_otherwise(order_id: UUID, new: NewQuestions, client: Client, tx: Transaction, http: Request) -> OrderView:
    """Ask something else instead: a few times, until work begins. Your place in the queue stays (C8)."""
    sealer, now = resources_of(http).sealer, await queries.moment(tx)
    return shown(await commands.orders.ask_otherwise(tx, sealer, order_id, client.id, new.questions, now=now))
