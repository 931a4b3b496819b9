"""Credentials for tests: a certificate of our own, a service account, and the server that gives it tokens."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.emulators.listeners import LOCAL

ACCOUNT = "research@acme-ml.iam.gserviceaccount.com"


def certificate() -> tuple[bytes, bytes]:
    """A fresh private key and a self-signed certificate for localhost, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(LOCAL))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _pem(key), signed.public_bytes(serialization.Encoding.PEM)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def service_account(path: Path, token_uri: str) -> Path:
    """Write a credentials file whose tokens come from `token_uri`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    content = {
        "type": "service_account",
        "project_id": "acme-ml",
        "private_key_id": "test",
        "private_key": _pem(key).decode(),
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(content))
    return path


@dataclass
class TokenServer:
    """Gives a new token at every call: `token-1`, `token-2`, …; or refuses."""

    url: str = ""
    refuses: bool = False
    given: list[str] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
            await reader.readexactly(length)
            writer.write(self._answer())
            await writer.drain()
        writer.close()

    def _answer(self) -> bytes:
        if self.refuses:
            return _http("400 Bad Request", {"error": "invalid_grant", "error_description": "Account was disabled"})
        self.given.append(f"token-{len(self.given) + 1}")
        return _http("200 OK", {"access_token": self.given[-1], "expires_in": 3600, "token_type": "Bearer"})


def _http(status: str, content: dict[str, object]) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body


@contextlib.asynccontextmanager
async def token_server() -> AsyncIterator[TokenServer]:
    """Run a token server on a free port."""
    tokens = TokenServer()
    server = await asyncio.start_server(tokens._serve, LOCAL, 0)
    tokens.url = f"http://{LOCAL}:{server.sockets[0].getsockname()[1]}/token"
    try:
        yield tokens
    finally:
        server.close()
