"""The house rules of chat as data: each number has the id of the rule it comes from; a tenant may have its own."""

from dataclasses import dataclass, field

from services.chat.domain.rules.attachments import AttachmentRules
from services.chat.domain.rules.consultations import ConsultationRules
from services.chat.domain.rules.contacts import ContactRules
from services.chat.domain.rules.evidence import EvidenceRules
from services.chat.domain.rules.notifications import NotificationRules
from services.chat.domain.rules.talk import TalkRules


@dataclass(frozen=True)
class Rules:
    """The house rules of one tenant, whole."""

    talk: TalkRules = field(default_factory=TalkRules)
    contacts: ContactRules = field(default_factory=ContactRules)
    consultations: ConsultationRules = field(default_factory=ConsultationRules)
    notifications: NotificationRules = field(default_factory=NotificationRules)
    attachments: AttachmentRules = field(default_factory=AttachmentRules)
    evidence: EvidenceRules = field(default_factory=EvidenceRules)


__all__ = [
    "AttachmentRules",
    "ConsultationRules",
    "ContactRules",
    "EvidenceRules",
    "NotificationRules",
    "Rules",
    "TalkRules",
]
