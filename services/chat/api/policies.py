"""The house rules, for everybody whom they bind, and for those who may change them."""

from libs.kit.policies import policy_routes
from services.chat import queries

routes = policy_routes(queries.BOOK, example={"contacts": {"off_platform": "allow"}})
