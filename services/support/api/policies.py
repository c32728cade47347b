"""The house rules, for everybody whom they bind, and for those who may change them."""

from libs.kit.policies import policy_routes
from services.support import queries

routes = policy_routes(queries.BOOK, example={"cases": {"danger_within": "PT10M"}})
