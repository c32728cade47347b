"""The house rules that bind a tenant now, and those that did before."""

from typing import Final

from libs.kit.policies import RuleBook
from services.intake.domain import Rules
from services.intake.tables import POLICIES

BOOK: Final = RuleBook(Rules, POLICIES)
rules_of, rules_with = BOOK.rules_of, BOOK.rules_with
