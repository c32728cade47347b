"""One cast of people for tests, demonstrations and development tokens."""

from uuid import UUID

from libs.kit.auth import Principal

THERAPY = "therapy"


def _person(number: int, role: str, tenant: str = THERAPY) -> Principal:
    return Principal(UUID(f"01900000-0000-7000-8000-{number:012d}"), tenant, role, frozenset({role}))


ANNA = _person(1, "specialist")
BORIS = _person(2, "specialist")
OLENA = _person(11, "client")
TARAS = _person(12, "client")
MARTA = _person(21, "support")
SOFIA = _person(22, "supervisor")
VERA = _person(23, "clinician")
OMAR = _person(31, "ops")
HILL = _person(51, "clinic")
# They have the same parts in another house, whose walls they must not see through.
STRANGE_SPECIALIST = _person(41, "specialist", "clinics")
STRANGE_CLIENT = _person(42, "client", "clinics")
STRANGE_SUPPORT = _person(43, "support", "clinics")

PERSONAS = {
    "anna": ANNA, "boris": BORIS, "olena": OLENA, "taras": TARAS, "marta": MARTA, "sofia": SOFIA, "vera": VERA,
    "omar": OMAR, "hill": HILL,
    "strange-specialist": STRANGE_SPECIALIST, "strange-client": STRANGE_CLIENT, "strange-support": STRANGE_SUPPORT,
}  # fmt: skip
