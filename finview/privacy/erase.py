"""`finview erase`: a person leaves a home, stays out of it, and the proof names nobody.

The order makes every crash harmless: first the suppression list, which every later step reads, so
that running it again goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb

from finview.audit import AuditChain, code_version
from finview.contract import Contract
from finview.durable import locked
from finview.errors import FinviewError
from finview.ingest.identifiers import keyed_hash
from finview.ingest.keys import HashKey, load_key
from finview.ingest.ledger import open_ledger
from finview.pipeline.exclusive import exclusive
from finview.privacy.accepted import erase_accepted, record_erased
from finview.privacy.derived import erase_logs, remove_builds, stop_publishing
from finview.privacy.files import engine, remove
from finview.privacy.gone import load_gone, row_is_gone
from finview.privacy.identity import count_identity, erase_identity
from finview.privacy.landing import erase_landed
from finview.privacy.person import Person, find_person, has_files, source_of
from finview.privacy.published import erase_published
from finview.privacy.suppression import LISTED_CLASSES, SuppressionList, open_list
from finview.settings import Home, project_root

Identifier = tuple[str, str]


@dataclass
class ErasureReport:
    """What an erasure did: counts per place, nothing about anybody.

    `unsearched` names files and versions that could not be searched: the request stays open.
    """

    request_ids: tuple[str, ...]
    customers: int = 0
    entries: int = 0
    shared: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unsearched: tuple[str, ...] = ()


def find(
    home: Home, contract: Contract, customers: Collection[str], given: Collection[Identifier]
) -> ErasureReport:
    """What an erasure would find; nothing is changed."""
    with alone(home), open_ledger(home) as ledger, engine(home, load_key(home, ledger)) as engine_:
        person = _person(engine_, home, contract, customers, given)
        entries = _entries(engine_, person)
        load_gone(engine_, home, contract, entries)
        report = ErasureReport((), len(person.customers), len(entries), dict(person.shared))
        for table in contract.tables:
            if has_files(home, table):
                relation = f"{source_of(home, table)} where {row_is_gone(table)}"
                found = engine_.execute(f"select count(*) from {relation}").fetchall()[0][0]
                if found:
                    report.counts[table.full_name] = int(found)
        report.counts.update(count_identity(engine_, home))
    remove(home.root / "tmp" / "erase")
    return report


def erase(
    home: Home,
    contract: Contract,
    customers: Collection[str] = (),
    given: Collection[Identifier] = (),
    *,
    reason: str = "",
    request_ids: Collection[str] = (),
) -> ErasureReport:
    """Erase people, then whoever else is on the list and has come back (from a backup, say).

    Args:
        home: The home.
        contract: Its tables.
        customers: Customer ids. They go with every account of the same person.
        given: (class, raw value) of people who are no customers.
        reason: Kept with the request and in the audit chain: no personal data.
        request_ids: Numbers of the requests; one is made up when there is none.

    Raises:
        FinviewError: something else is working on the home, the key is missing, or nobody is
            named. Running it again goes on.
    """
    with alone(home), open_list(home) as listed, open_ledger(home) as ledger:
        key = load_key(home, ledger)
        with engine(home, key) as connection:
            before = listed.sha256()
            person = _person(connection, home, contract, customers, given)
            entries = _entries(connection, person)
            if entries:
                for request_id in request_ids or (listed.next_request_id(),):
                    listed.open_request(request_id, reason, key, entries)
            done = tuple(request.request_id for request in listed.open_requests())
            if not done and not listed.entries():
                raise FinviewError(
                    "nobody to erase: no customer id, no identifier and no open request",
                    "name somebody: finview erase --customer-id ID, or --requests",
                )
            report = ErasureReport(done, len(person.customers), len(entries), dict(person.shared))
            report.unsearched = _remove(connection, home, contract, key, listed, report)
            _prove(home, listed, key, report, before, reason)
    remove(home.root / "tmp" / "erase")
    return report


def release(home: Home, given: Collection[Identifier]) -> int:
    """Take identifiers off the list: a number with a new owner, a person who came back.

    Raises:
        FinviewError: something else is working on the home, or the key is missing.
    """
    with alone(home), open_list(home) as listed, open_ledger(home) as ledger:
        key = load_key(home, ledger)
        with engine(home, key) as connection:
            before = listed.sha256()
            gone = listed.release(_hashed(connection, given))
        AuditChain(home).append(
            "suppression_released",
            entries=gone,
            list_sha256_before=before,
            list_sha256=listed.sha256(),
        )
    remove(home.root / "tmp" / "erase")
    return gone


def waiting_requests(home: Home, contract: Contract) -> list[tuple[str, str]]:
    """(request id, customer id) of accepted `crm.erasure_requests` with scope all."""
    table = contract.table("crm", "erasure_requests")
    if not has_files(home, table):
        return []
    with duckdb.connect() as connection:
        return connection.execute(
            "select request_id, customer_id from (select *, row_number() over ("
            "partition by request_id order by _load_sequence desc, _source_line desc) as n "
            f"from {source_of(home, table)}) where n = 1 and scope = 'all' order by 1"
        ).fetchall()


def step_done(name: str) -> None:
    """Called after each step of an erasure; a test ends the erasure here."""


def _remove(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    contract: Contract,
    key: HashKey,
    listed: SuppressionList,
    report: ErasureReport,
) -> tuple[str, ...]:
    """Every place in turn; each goes by the list and can be done again."""

    def counted(place: str, removed: int) -> None:
        report.counts[place] = removed
        listed.count(place, removed)
        step_done(place)

    gone = [(pii, value) for pii, value, _ in listed.entries()]
    step_done("listed")
    stop_publishing(home, "people were erased: build again")
    load_gone(connection, home, contract, gone)
    counted("warehouse, candidate and dbt artefacts (files)", remove_builds(home))
    counted("logs and orchestrator (rows)", erase_logs(connection, home))
    counted("identity decisions and user keys (rows)", erase_identity(connection, home))
    counted("accepted (rows)", erase_accepted(connection, home, contract, listed))
    landed = erase_landed(connection, home, contract, listed)
    counted("quarantine (rows)", landed.quarantined)
    counted("landing (rows)", landed.lines)
    counted("landing (identifiers masked in other rows)", landed.masked)
    record_erased(connection, home, contract, listed)
    rows, unread = erase_published(home, key, gone, list(report.request_ids))
    counted("published versions (rows)", rows)
    return (
        *(f"landing/{name}" for name in landed.unsearched),
        *(f"published/{version}" for version in unread),
    )


def _prove(
    home: Home,
    listed: SuppressionList,
    key: HashKey,
    report: ErasureReport,
    before: str,
    reason: str,
) -> None:
    """One row of the audit chain per request; then the requests are closed."""
    chain = AuditChain(home)
    for request in listed.open_requests():
        chain.append(
            "erased",
            request_id=request.request_id,
            reason=request.reason,
            opened_at=request.opened_at,
            key_version=request.key_version,
            counts=dict(request.counts),
            unsearched=len(report.unsearched),
            list_sha256_before=request.list_before,
            list_sha256=listed.sha256(),
            code_version=code_version(project_root()),
        )
        if not report.unsearched:
            listed.close(request.request_id)
    if not report.request_ids:
        chain.append(
            "erased_again",
            reason=reason,
            key_version=key.version,
            counts=report.counts,
            list_sha256=before,
            code_version=code_version(project_root()),
        )
    step_done("proven")


def _person(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    contract: Contract,
    customers: Collection[str],
    given: Collection[Identifier],
) -> Person:
    ids = {value.strip() for value in customers}
    ids |= {value.strip() for pii, value in given if pii == "customer_id"}
    others = [(pii, value) for pii, value in given if pii != "customer_id"]
    return find_person(connection, home, contract, ids, _hashed(connection, others))


def _entries(connection: duckdb.DuckDBPyConnection, person: Person) -> list[Identifier]:
    """What goes on the list: hashes only."""
    plain = [("customer_id", value) for value in person.customers]
    plain += [("order_id", value) for value in person.orders]
    return sorted({*person.hashes, *_hashed(connection, plain)})


def _hashed(
    connection: duckdb.DuckDBPyConnection, given: Collection[Identifier]
) -> list[Identifier]:
    """Keyed hashes of raw identifiers; what is nothing after normalising is left out.

    Raises:
        FinviewError: a class that is not on the list.
    """
    hashed = []
    for pii, value in given:
        if pii not in LISTED_CLASSES:
            raise FinviewError(
                f"{pii!r} is no class of identifier", f"use one of: {', '.join(LISTED_CLASSES)}"
            )
        found = connection.execute(f"select {keyed_hash(pii, '$1::varchar')}", [value]).fetchall()
        if found[0][0] is not None:
            hashed.append((pii, str(found[0][0])))
    return hashed


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Hold the locks of a run and of an ingestion.

    Raises:
        FinviewError: something else is working on the home.
    """
    if not home.audit.is_dir():
        raise FinviewError(f"no home at {home.root}", "name it with --home, or set FINVIEW_HOME")
    with exclusive(home):
        try:
            with locked(home.audit / "ingest.lock", wait=False):
                yield
        except BlockingIOError:
            raise FinviewError(
                "an ingestion of this home is running", "wait until it has ended"
            ) from None
