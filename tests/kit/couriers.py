"""Real servers for couriers: one that speaks SMTP and one that takes SMS as JSON; each keeps what it was given."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from libs.kit import clock


@dataclass
class Mailbox:
    """A mail server of a few lines. `says` answers a command in another way than usual."""

    letters: list[EmailMessage] = field(default_factory=list)
    says: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    secured: bool = False
    tls: ssl.SSLContext | None = None
    silent: bool = False
    cuts_after_data: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.silent:
            await reader.read()
            return
        await self._say(writer, self.says.get("GREETING", "220 here"))
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            self.commands.append(word)
            await self._answer(word, reader, writer)
            if word == "QUIT":
                return

    async def _answer(self, word: str, reader: Any, writer: Any) -> None:
        if word in self.says:
            await self._say(writer, self.says[word])
        elif word == "EHLO":
            await self._say(writer, *(["250-here", "250-STARTTLS"] if self.tls else ["250-here"]), "250 AUTH PLAIN")
        elif word == "STARTTLS":
            await self._say(writer, "220 go on")
            await writer.start_tls(self.tls)
            self.secured = True
        elif word == "DATA":
            await self._say(writer, "354 go on")
            await self._take(await reader.readuntil(b"\r\n.\r\n"), writer)
        else:
            await self._say(writer, "235 you are" if word == "AUTH" else "250 fine")

    async def _take(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        if "TAKEN" not in self.says:
            self.letters.append(message_from_bytes(data[:-3], policy=default))
        if self.cuts_after_data:
            writer.transport.abort()
            return
        await self._say(writer, self.says.get("TAKEN", "250 taken"))

    @staticmethod
    async def _say(writer: asyncio.StreamWriter, *lines: str) -> None:
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await writer.drain()


@contextlib.asynccontextmanager
async def mailbox(box: Mailbox, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port on which this mailbox listens, by TLS from the first byte if a context is given."""
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class Exchange:
    """An SMS gateway: it shows each idempotency key once, and counts how often it was asked."""

    secret: str
    shown: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    stalls: float = 0

    @property
    def app(self) -> Starlette:
        """To be put on a server."""
        return Starlette(routes=[Route("/sms", self.take, methods=["POST"]), Route("/else", self.take)])

    async def take(self, request: Request) -> Response:
        """What a gateway does, or what the next prepared answer says."""
        if request.headers.get("authorization") != f"Bearer {self.secret}":
            return Response(status_code=401)
        key = request.headers["idempotency-key"]
        self.asked.append(key)
        if self.stalls:
            await asyncio.sleep(self.stalls)
        if self.answers:
            return self.answers.pop(0)
        sms = await request.json()
        known = self.shown.setdefault(key, sms)
        return Response(status_code=202 if known == sms else 409)


def certificates(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS for 127.0.0.1, and the file by which a client knows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, private = folder / "server.pem", folder / "server.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, private)
    return context, pem
