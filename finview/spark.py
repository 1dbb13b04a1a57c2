"""The Spark cluster as a client sees it: where it is, and statements over Thrift.

Needs the extra `finview[spark]`. Everything that runs on the cluster is SQL; rows come back as
Parquet files on storage that both sides see, never through this connection.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from finview.cluster.state import load_state
from finview.errors import FinviewError
from finview.pyhive_fix import mend_pyhive
from finview.settings import LOCAL_CATALOGUE, Home, Settings

#: Environment variable with the password, for clusters that want one; dbt keeps such out of logs.
PASSWORD_VARIABLE = "DBT_ENV_SECRET_SPARK_PASSWORD"
_CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Endpoint:
    """Thrift server, catalogue, and the home's folder as the cluster sees it (`storage`, a URL)."""

    host: str
    port: int
    user: str
    auth: str
    catalogue: str
    partitions: int
    storage: str

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that `profiles/profiles.yml` reads."""
        return {
            "FINVIEW_ENGINE": "spark",
            "FINVIEW_SPARK_HOST": self.host,
            "FINVIEW_SPARK_PORT": str(self.port),
            "FINVIEW_SPARK_USER": self.user,
            "FINVIEW_SPARK_AUTH": self.auth,
            "FINVIEW_SPARK_CATALOGUE": self.catalogue,
            "FINVIEW_SPARK_PARTITIONS": str(self.partitions),
        }

    @property
    def session(self) -> dict[str, str]:
        """Settings of a session, the same as in `profiles/profiles.yml`.

        The Thrift server takes them under a prefix only, and drops others in silence.
        """
        values = {
            "spark.sql.defaultCatalog": self.catalogue,
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.timestampType": "TIMESTAMP_NTZ",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.decimalOperations.allowPrecisionLoss": "true",
            "spark.sql.shuffle.partitions": str(self.partitions),
        }
        return {f"set:hiveconf:{name}": value for name, value in values.items()}


def find_endpoint(home: Home, settings: Settings) -> Endpoint:
    """The cluster that `finview.yml` names, else the local one of this home.

    Raises:
        FinviewError: there is none, or the extra is not installed.
    """
    if find_spec("pyhive") is None:
        raise FinviewError(
            "the client of Spark is not installed", "install the extra: pip install finview[spark]"
        )
    wanted: Mapping[str, Any] = settings.spark
    state = load_state(home)
    if "host" not in wanted and state is None:
        raise FinviewError(
            "engine is spark, and there is no cluster",
            "start a local one (make spark-up), or name one under spark: in finview.yml",
        )
    cores = state.sizes.workers * state.sizes.cores if state else 8
    return Endpoint(
        host=str(wanted.get("host", "127.0.0.1")),
        port=int(wanted.get("port", state.thrift_port if state else 10000)),
        user=str(wanted.get("user", "finview")),
        auth=str(wanted.get("auth", "NONE")),
        catalogue=str(wanted.get("catalogue", LOCAL_CATALOGUE)),
        partitions=int(wanted.get("partitions", cores)),
        storage=str(wanted.get("storage", f"file://{home.root}")).rstrip("/"),
    )


def check_reachable(endpoint: Endpoint) -> None:
    """Raise a FinviewError if nobody answers at the endpoint."""
    try:
        socket.create_connection((endpoint.host, endpoint.port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise unreachable(endpoint) from error


def unreachable(endpoint: Endpoint) -> FinviewError:
    """The error for a cluster that does not answer or went away."""
    return FinviewError(
        f"the Spark Thrift server at {endpoint.address} does not answer; nothing was published",
        "start it (local: make spark-up), then run again: what is half built is built again",
    )


@contextmanager
def connected(endpoint: Endpoint, session: Mapping[str, str] | None = None) -> Iterator[Connection]:
    """A session on the cluster.

    Raises:
        FinviewError: it does not answer or refuses the session.
    """
    check_reachable(endpoint)
    from pyhive import exc, hive
    from thrift.transport.TTransport import TTransportException

    mend_pyhive()
    try:
        raw = hive.connect(
            host=endpoint.host,
            port=endpoint.port,
            username=endpoint.user,
            auth=endpoint.auth,
            password=os.environ.get(PASSWORD_VARIABLE) or None,
            database=endpoint.catalogue,
            configuration={**endpoint.session, **(session or {})},
        )
    except (exc.Error, TTransportException, OSError) as error:
        check_reachable(endpoint)  # it may have been lost in this moment
        raise FinviewError(
            f"no session on the Spark cluster at {endpoint.address}: {message(error)}",
            "see the log of its Thrift server",
        ) from error
    try:
        yield Connection(endpoint, raw)
    finally:
        # The server may be gone; there is nothing to close then.
        with suppress(exc.Error, TTransportException, OSError):
            raw.close()


class Connection:
    """Statements on one session."""

    def __init__(self, endpoint: Endpoint, raw: Any) -> None:
        self._endpoint = endpoint
        self._raw = raw

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run a statement; returns its rows (none for commands).

        Raises:
            FinviewError: Spark refused it, or the cluster was lost.
        """
        from pyhive import exc
        from thrift.transport.TTransport import TTransportException

        cursor = self._raw.cursor()
        try:
            cursor.execute(statement)
            return list(cursor.fetchall())
        except (TTransportException, OSError) as error:
            raise unreachable(self._endpoint) from error
        except exc.Error as error:
            raise FinviewError(f"Spark: {message(error)}", "see the log of its driver") from error

    def columns(self, relation: str) -> list[tuple[str, str]]:
        """(name, Spark type) of the columns of a table or view."""
        rows: Sequence[tuple[Any, ...]] = self.execute(f"describe {relation}")
        return [(str(row[0]), str(row[1])) for row in rows if row[0] and not row[0].startswith("#")]


def prepare(endpoint: Endpoint) -> None:
    """Make the schema `default` of the catalogue, which every session of dbt begins in."""
    with connected(endpoint) as connection:
        connection.execute("create schema if not exists default")


def message(error: BaseException) -> str:
    """First line of what went wrong; the rest is the server's stack."""
    first = error.args[0] if error.args else error
    status = getattr(first, "status", None)
    text = str(getattr(status, "errorMessage", None) or first).strip()
    return text.splitlines()[0][:500] if text else type(error).__name__
