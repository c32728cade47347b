"""Reads: straight from tables to answers."""

from libs.kit.clock import moment
from services.support.queries.cases import Waiting, at_desk, case, own_case, own_cases, queue, waiting
from services.support.queries.policies import BOOK, rules_of
from services.support.queries.tickets import decisions, ticket, tickets

__all__ = [
    "BOOK", "Waiting", "at_desk", "case", "decisions", "moment", "own_case", "own_cases", "queue", "rules_of", "ticket",
    "tickets", "waiting",
]  # fmt: skip
