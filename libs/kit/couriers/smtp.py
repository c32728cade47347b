"""Mail, by a server of the operator's."""

import asyncio
import ssl
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import parseaddr
from typing import Literal

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from libs.kit.couriers.parcels import DELIVERED, Outcome, Parcel, later, refused

Security = Literal["tls", "starttls", "none"]
FOR_GOOD = 500


class Smtp:
    """Hands mail to one server. A repeat has the same Message-ID, by which mailboxes tell that they have it already."""

    def __init__(
        self, host: str, port: int, *, sender: str, security: Security, user: str | None, password: str | None,
        ca_file: str | None, within: float,
    ) -> None:  # fmt: skip
        self._host, self._port, self._sender, self._security = host, port, sender, security
        self._user, self._password, self._within = user, password, within
        self._tls = ssl.create_default_context(cafile=ca_file) if security != "none" else None
        self._domain = parseaddr(sender)[1].rpartition("@")[2]

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Delivered once the server has answered for it; of what concerns us and not the parcel, later."""
        try:
            async with asyncio.timeout(self._within):
                await self._hand_over(parcel)
        except (SMTPException, OSError, ValueError) as error:
            return _met(error)
        return DELIVERED

    async def _hand_over(self, parcel: Parcel) -> None:
        await aiosmtplib.send(
            self._letter(parcel),
            hostname=self._host, port=self._port, local_hostname=self._domain or "localhost",
            use_tls=self._security == "tls", start_tls=self._security == "starttls", tls_context=self._tls,
            username=self._user, password=self._password, timeout=self._within,
        )  # fmt: skip

    def _letter(self, parcel: Parcel) -> EmailMessage:
        letter = EmailMessage(policy=WIRE)
        letter["From"], letter["To"], letter["Subject"] = self._sender, parcel.to, parcel.subject
        letter["Message-ID"] = f"<{parcel.id}@{self._domain}>"
        letter["Auto-Submitted"] = "auto-generated"  # so that nobody's absence is answered to us
        letter.set_content(parcel.text)
        return letter


def _met(error: Exception) -> Outcome:
    """What a failure says of the parcel; what is not about the parcel is ours to mend, and may be mended by then."""
    match error:
        case SMTPRecipientsRefused():
            return _judged(error.recipients[0])
        case SMTPResponseException():
            return _judged(error)
        case SMTPNotSupported() | ValueError() if not isinstance(error, ssl.SSLError):
            return refused("smtp_malformed")  # An address that this server has no way to write.
        case ssl.SSLError():
            return later("smtp_not_secure")
        case _:
            return later("smtp_away")


def _judged(error: SMTPResponseException) -> Outcome:
    """A final no to this addressee or this text is final; one to our name or password is not the parcel's fault."""
    final = error.code >= FOR_GOOD and isinstance(error, SMTPRecipientRefused | SMTPDataError)
    why = f"smtp_{error.code}"
    return refused(why) if final else later(why)
