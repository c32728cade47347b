"""The house rules that bind a tenant now, and those that did before."""

from typing import Final

from libs.kit.policies import RuleBook
from services.support.domain import Rules
from services.support.tables import POLICIES

BOOK: Final = RuleBook(Rules, POLICIES)
rules_of = BOOK.rules_of
