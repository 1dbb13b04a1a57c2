"""The address of a server out of an environment variable, and its password kept out of texts."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from finview.errors import FinviewError
from finview.pull.config import TLS_MODES, Connection

_EXAMPLE = "postgresql://reader:PASSWORD@db.example.com:5432/crm"
_CONNECT_SECONDS = 10
#: A server that vanished without a word is noticed after a minute, not after two hours.
_KEEPALIVE = "keepalives_idle=30 keepalives_interval=10 keepalives_count=3"


@dataclass(frozen=True)
class Address:
    """Where a server is and who asks. The password shows in no `repr`."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    options: str

    def scrub(self, text: str) -> str:
        """`text` without the password, as it is or as part of an address."""
        for spelling in sorted({self.password, quote(self.password, safe="")}, key=len)[::-1]:
            if spelling:
                text = text.replace(spelling, "***")
        return text


def find_address(connection: Connection) -> Address:
    """The address that the connection's environment variable holds.

    Raises:
        FinviewError: it is not set or no PostgreSQL address; never with its content.
    """
    variable = connection.url_env
    text = os.environ.get(variable, "")
    if not text:
        raise FinviewError(
            f"connection {connection.name}: the environment variable {variable} is not set",
            f"export {variable}={_EXAMPLE}",
        )
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        more = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    except ValueError:
        raise _no_address(connection) from None
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgres", "postgresql") or not (host and user and database):
        raise _no_address(connection)
    if "\0" in unquote(text):
        raise _no_address(connection)
    return Address(host, port or 5432, database, user, password, _options(connection, more))


def _options(connection: Connection, more: dict[str, str]) -> str:
    tls = connection.tls or more.get("sslmode", "require")
    if tls not in TLS_MODES or set(more) - {"sslmode", "sslrootcert"}:
        raise FinviewError(
            f"connection {connection.name}: {connection.url_env} holds an unknown parameter",
            f"leave sslmode ({', '.join(TLS_MODES)}) and sslrootcert only",
        )
    certificate = connection.root_certificate or more.get("sslrootcert")
    options = f"sslmode={tls} connect_timeout={_CONNECT_SECONDS} {_KEEPALIVE}"
    if certificate:
        escaped = certificate.replace("\\", "\\\\").replace("'", "\\'")
        options += f" sslrootcert='{escaped}'"
    return f"{options} application_name=finview"


def _no_address(connection: Connection) -> FinviewError:
    return FinviewError(
        f"connection {connection.name}: {connection.url_env} holds no address of PostgreSQL",
        f"expected {_EXAMPLE}, special characters as %XX",
    )
