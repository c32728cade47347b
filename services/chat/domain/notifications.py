"""Whether somebody is told that something was written to them, and in which words: neutral ones, for lock screens."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from libs.events.chat import NotificationsMuted, NotificationsResumed, Side
from libs.kit.errors import Invalid, NotFound
from services.chat.domain.rules.notifications import NotificationRules

Locale = Literal["uk", "ru", "bg", "en"]
MutedBy = Literal["ignored", "choice"]
Verdict = Literal["wait", "hand_over", "mute", "read", "muted", "gone", "exhausted"]
DEFAULT_LOCALE: Final[Locale] = "en"


class AddressMissing(Invalid):
    """Say a phone number or an e-mail address, or both; to be told nothing, delete your address."""


class AddressUnknown(NotFound):
    """You have said no address at which you want to be told of messages."""


class MailMalformed(Invalid):
    """An e-mail address is written like olena@example.com."""


class EntryUnknown(NotFound):
    """This link opens nothing: it was used, or withdrawn, or it is too old. Sign in, or wait for the next one."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """A notification that somebody looks at, to see whether its time has come."""

    side: Side
    seq: int
    planned_at: datetime
    attempts: int


@dataclass(frozen=True, kw_only=True)
class Attention:
    """What somebody has done about a conversation, and whether they still have a part in it."""

    seen_seq: int
    ignored: int
    told_at: datetime | None
    muted_by: MutedBy | None
    takes_part: bool


def judge(due: Due, who: Attention, rules: NotificationRules, now: datetime) -> Verdict:
    """What becomes of a notification now. One that was handed over once is no longer judged by what was ignored."""
    if not who.takes_part:
        return "gone"
    if who.seen_seq >= due.seq and not _every(due, rules):
        return "read"
    if due.attempts:
        return _again(due, who, rules)
    return "wait" if now < due_at(due, who, rules) else _first(due, who, rules)


def due_at(due: Due, who: Attention, rules: NotificationRules) -> datetime:
    """When its time comes: after a while in which to read, and in which to look at what was told before."""
    if _every(due, rules):
        return due.planned_at
    grace = due.planned_at + rules.notify_after
    if due.side != "client" or who.told_at is None:
        return grace
    return max(grace, who.told_at + rules.told_again_after)


def _first(due: Due, who: Attention, rules: NotificationRules) -> Verdict:
    """Two in a row without a read or reply are enough (P9, D9)."""
    if who.muted_by:
        return "muted"
    if due.side == "client" and who.ignored >= rules.ignored_before_mute:
        return "mute"
    return "hand_over"


def _again(due: Due, who: Attention, rules: NotificationRules) -> Verdict:
    if who.muted_by == "choice":
        return "muted"
    return "hand_over" if due.attempts < rules.attempts else "exhausted"


def _every(due: Due, rules: NotificationRules) -> bool:
    return due.side == "clinic" and rules.clinics_every_message


def ignored(conversation_id: UUID, side: Side, *, tenant: str, now: datetime) -> NotificationsMuted:
    """Somebody ignored what they were told, and is told no more."""
    return NotificationsMuted(tenant=tenant, at=now, conversation_id=conversation_id, side=side, by_choice=False)


def silenced(conversation_id: UUID, side: Side, *, tenant: str, now: datetime) -> NotificationsMuted:
    """Somebody wishes to be told nothing."""
    return NotificationsMuted(tenant=tenant, at=now, conversation_id=conversation_id, side=side, by_choice=True)


def resumed(conversation_id: UUID, side: Side, *, tenant: str, now: datetime) -> NotificationsResumed:
    """Somebody is told again: they read, wrote, or wish so."""
    return NotificationsResumed(tenant=tenant, at=now, conversation_id=conversation_id, side=side)


def pause(attempts: int, asked: timedelta | None, rules: NotificationRules) -> timedelta:
    """How long until the next attempt: twice as long each time, and no shorter than the courier asks for."""
    doubled = rules.retry_after * 2 ** min(attempts - 1, 30) if attempts > 0 else rules.retry_after
    return max(min(doubled, rules.retry_at_most), asked or timedelta(0))


class Wording(NamedTuple):
    """A notification in one language; nothing in it says who writes, to whom, or about what."""

    subject: str
    by_link: str
    plain: str


WORDINGS: Final[dict[str, Wording]] = {
    "uk": Wording(
        "Нове повідомлення",
        "Для вас є нове повідомлення: {link}",
        "Для вас є нове повідомлення. Увійдіть, щоб прочитати.",
    ),
    "ru": Wording(
        "Новое сообщение",
        "Для вас есть новое сообщение: {link}",
        "Для вас есть новое сообщение. Войдите, чтобы прочитать.",
    ),
    "bg": Wording(
        "Ново съобщение",
        "Имате ново съобщение: {link}",
        "Имате ново съобщение. Влезте, за да го прочетете.",  # noqa: RUF001 - Bulgarian
    ),
    "en": Wording("New message", "You have a new message: {link}", "You have a new message. Sign in to read it."),
}


def worded(locale: str, link: str | None) -> tuple[str, str]:
    """Subject and text; with a link for who has no other way in."""
    wording = WORDINGS.get(locale, WORDINGS[DEFAULT_LOCALE])
    return wording.subject, wording.plain if link is None else wording.by_link.format(link=link)
