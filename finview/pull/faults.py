"""What goes wrong at a remote database, as a sentence with a next step."""

from __future__ import annotations

import re
from dataclasses import dataclass

from finview.errors import FinviewError


class RemoteError(FinviewError):
    """A fault of the remote. `is_transient`: trying again may help; `is_server`: not this table."""

    def __init__(
        self, message: str, next_step: str, *, is_transient: bool = False, is_server: bool = False
    ) -> None:
        super().__init__(message, next_step)
        self.is_transient = is_transient
        self.is_server = is_server


@dataclass(frozen=True)
class _Rule:
    pattern: str
    message: str
    next_step: str
    is_transient: bool = False
    is_server: bool = False


#: The first that matches counts; those that name an object come first, whatever its name says.
#: `{0}` is the first group of the pattern.
_RULES = (
    _Rule(
        r'(?:database|role) "([^"]*)" does not exist',
        "the server has no database or user {0!r}",
        "mend {variable}",
        is_server=True,
    ),
    _Rule(
        r"permission denied for (\S+ \S+)",
        "permission denied for {0}",
        "at the remote: grant usage on the schema and select on the table to the user",
    ),
    _Rule(
        r'(?:relation|schema) "([^"]*)" does not exist',
        "the remote has no {0}",
        "mend remote in finview.yml",
    ),
    _Rule(
        r"column (\S+) does not exist",
        "the remote table has no column {0}",
        "mend columns or cursor in finview.yml",
    ),
    _Rule(
        "password authentication failed|no password supplied|authentication failed",
        "the server refuses the user or the password",
        "set {variable} anew and try again",
        is_server=True,
    ),
    _Rule(
        "no pg_hba.conf entry",
        "the server lets this machine, user or database not in (pg_hba.conf)",
        "ask the server's administrator; a server that demands TLS needs tls: require",
        is_server=True,
    ),
    _Rule(
        "does not support SSL|SSL error|certificate|SSL is not enabled",
        "no TLS connection as asked for",
        "set tls and root_certificate of the connection, see docs/pull.md",
        is_server=True,
    ),
    _Rule(
        "could not translate host name",
        "the host name is unknown",
        "mend {variable}, or check the name service",
        is_transient=True,
        is_server=True,
    ),
    _Rule(
        "Connection refused|timeout expired|No route to host|Network is unreachable|"
        "starting up|shutting down|recovery mode|too many clients|remaining connection slots",
        "the server cannot be reached",
        "check that it runs and that this machine may connect, then finview pull again",
        is_transient=True,
        is_server=True,
    ),
    _Rule(
        "statement timeout",
        "the server did not answer within the statement timeout",
        "index the cursor column, lower rows_per_file, or raise statement_timeout",
    ),
    _Rule(
        "lock timeout",
        "the table is locked at the remote",
        "try again when the change there is done",
    ),
    _Rule(
        "conflict with recovery|could not serialize|deadlock detected",
        "the replica took the snapshot away",
        "try again, or raise max_standby_streaming_delay there",
        is_transient=True,
    ),
    _Rule(
        "No space left|disk full|Could not write",
        "landing could not be written",
        "make room on the disk, then finview pull again",
    ),
    _Rule(
        "Out of Memory|failed to allocate",
        "the rows do not fit into memory",
        "very wide rows: lower rows_per_file; whole tables: pull them with a cursor",
    ),
    _Rule(
        "terminating connection|server closed the connection|connection (?:was )?lost|"
        "Connection reset|no connection to the server|could not receive data|"
        "connection to server was lost|Broken pipe|EOF detected|Connection timed out|"
        "Failed to read|lost synchronization",
        "the connection was lost",
        "finview pull again goes on where it stopped",
        is_transient=True,
    ),
)


def explain(text: str, where: str, variable: str) -> RemoteError:
    """The fault that the driver's `text` (already without password) tells.

    `where` names connection or table; `variable` is the environment variable of the address.
    """
    message = _message(text)
    line = message.splitlines()[0] if message else "unknown fault"
    for rule in _RULES:
        if match := re.search(rule.pattern, message, re.IGNORECASE):
            named = [group.strip('"') if group else "" for group in match.groups()] or [""]
            cause = f" ({line})" if rule.is_transient else ""
            return RemoteError(
                f"{where}: {rule.message.format(*named)}{cause}",
                rule.next_step.format(variable=variable),
                is_transient=rule.is_transient,
                is_server=rule.is_server,
            )
    return RemoteError(f"{where}: {line}", "mend it at the remote or in finview.yml")


def _message(text: str) -> str:
    """What the server or libpq says: without the statement, which the driver quotes around it."""
    text = re.sub(r'query ".*": ', "", text, flags=re.DOTALL)
    text = re.split(r"\nLINE \d+:", text)[0]
    return re.split(r"(?:ERROR|FATAL|PANIC):\s+", text, maxsplit=1)[-1].strip()
