"""Every kind of malformed delivery and what becomes of it; docs/ingestion.md shows the table."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from finview.contract import Contract, load_contract
from finview.ingest import accepted_glob, ingest
from finview.ingest.replay import quarantined
from finview.settings import Home, Settings

ROOT = Path(__file__).resolve().parents[2]
HEAD = "order_id,customer_id,ordered_at,status,amount,currency_code"
ROW = "o1,c1,2024-01-01 10:00:00,funded,100.50,CNY"
OTHER = "o2,c2,2024-01-02 10:00:00,funded,7.00,CNY"


@dataclass(frozen=True)
class Case:
    """A delivery and its end: accepted, quarantined and duplicate rows, or the reason of a refusal.

    `rules` are the lines in quarantine with their rules; `name` is the file's, if it matters.
    """

    title: str
    content: bytes
    rows: tuple[int, int, int] = (0, 0, 0)
    rules: tuple[tuple[int, str], ...] = ()
    refused: str = ""
    name: str = "a.csv"

    @property
    def outcome(self) -> str:
        """As docs/ingestion.md says it."""
        if self.refused:
            return f"refused: {self.refused}"
        accepted, quarantined_rows, duplicate = self.rows
        told = [f"{accepted} accepted"]
        told += [f"line {line} quarantined: `{rule}`" for line, rule in self.rules]
        told += [f"{duplicate} duplicate"] if duplicate else []
        return ", ".join(told)


def _lines(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def _zip(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return target.getvalue()


def _amount(value: str, rule: str) -> Case:
    line = ROW.replace("100.50", value)
    return Case(f"amount `{value}`", _lines(HEAD, line, OTHER), (1, 1, 0), ((2, rule),))


GOOD = _lines(HEAD, ROW, OTHER)
SWAPPED = HEAD.replace("order_id,customer_id", "customer_id,order_id")

CASES = [
    Case("NUL byte", GOOD.replace(b"c2", b"c\0"), refused="holds a NUL byte at byte"),
    Case("header renamed", GOOD.replace(b"amount", b"amuont"), refused="required column 'amount'"),
    Case("header in another order", _lines(SWAPPED, "c1,o1" + ROW[5:]), (1, 0, 0)),
    Case("header repeated in the header", _lines(HEAD + ",amount", ROW + ",1"),
         refused="the column 'amount' appears twice"),
    Case("header line again in the middle", _lines(HEAD, ROW, HEAD, OTHER), (2, 1, 0),
         ((3, "wrong_type"),)),
    Case("no header", _lines(ROW, OTHER), refused="the first line names no column"),
    Case("other separator", GOOD.replace(b",", b";"), refused="separated by ';': use commas"),
    Case("quote that never ends", _lines(HEAD, ROW.replace("o1", '"o1'), OTHER), (1, 1, 0),
         ((2, "malformed_line"),)),
    Case("field missing", _lines(HEAD, ROW[:-4], OTHER), (1, 1, 0), ((2, "malformed_line"),)),
    Case("field too many", _lines(HEAD, ROW + ",x", OTHER), (1, 1, 0), ((2, "malformed_line"),)),
    Case("mixed line ends", f"{HEAD}\r\n{ROW}\n{OTHER}\r".encode(), (2, 0, 0)),
    Case("byte order mark", b"\xef\xbb\xbf" + GOOD, (2, 0, 0)),
    Case("UTF-16", GOOD.decode().encode("utf-16"), (2, 0, 0)),
    Case("UTF-16 without byte order mark", GOOD.decode().encode("utf-16-le"),
         refused="looks like UTF-16 without a byte order mark"),
    Case("GBK", GOOD.decode().replace("c2", "客户二").encode("gbk"), (2, 0, 0)),
    Case("Latin-1", GOOD.decode().replace("c2", "Müller").encode("latin-1"),
         refused="not UTF-8 at byte"),
    Case("truncated in a row", GOOD[:-12], (1, 1, 0), ((3, "malformed_line"),)),
    Case("truncated gzip", gzip.compress(GOOD * 50)[:-20], refused="the gzip file is truncated",
         name="a.csv.gz"),
    Case("empty file", b"", refused="empty"),
    Case("header only", _lines(HEAD), (0, 0, 0)),
    Case("field of 3 MB", _lines(HEAD, ROW.replace("c1", "x" * (3 << 20)), OTHER), (1, 1, 0),
         ((2, "malformed_line"),)),
    Case("1,000 columns", _lines(HEAD + "".join(f",c{i}" for i in range(1000)),
                                 ROW + ",x" * 1000), refused="unknown column 'c0'"),
    Case("gzip bomb", gzip.compress(b"0" * (64 << 20)), refused="unpacks to more than",
         name="a.csv.gz"),
    Case("zip bomb", _zip("a.csv", b"0" * (64 << 20)), refused="unpacks to more than",
         name="a.zip"),
    Case("damaged name in an archive", _zip("深.csv", GOOD).replace("深".encode(), b"\xb1xx", 1),
         refused="not a readable zip archive", name="a.zip"),
    Case("archive in an archive", _zip("a.zip", _zip("a.csv", GOOD)),
         refused="an archive in an archive", name="a.zip"),
    Case("`../` in an archive", _zip("../../a.csv", GOOD), refused="a path that leads out of it",
         name="a.zip"),
    Case("hostile file name", GOOD, (2, 0, 0), name="a' union select 1 -- [x]*\n.csv"),
    Case("file name with a phone number", GOOD, (2, 0, 0), name="13800138000.csv"),
    _amount("1.005", "over_precise"),
    _amount("1e99", "out_of_range"),
    _amount("NaN", "out_of_range"),
    _amount("-1.00", "below_minimum"),
    _amount("0.30000000000000004", "over_precise"),
    _amount("99999999999999999.99", "out_of_range"),
    _amount("１００", "wrong_type"),
    Case("row twice", _lines(HEAD, ROW, ROW), (1, 0, 1)),
    Case("key twice with other content", _lines(HEAD, ROW, ROW.replace("100.50", "1.00")),
         (1, 1, 0), ((3, "repeated_key"),)),
    Case("key missing", _lines(HEAD, ROW[2:], OTHER), (1, 1, 0),
         ((2, "missing_required"),)),
]  # fmt: skip


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_malformed_deliveries_end_as_told(
    case: Case, tmp_path: Path, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINVIEW_HASH_KEY", "0123456789abcdef0123456789abcdef")
    home = Home(tmp_path / "home").create()
    place = home.landing / "transaction" / "orders"
    place.mkdir(parents=True)
    (place / case.name).write_bytes(case.content)

    report = ingest(home, contract, Settings())

    (file,) = report.files
    assert report.ok and "13800138000" not in file.file
    if case.refused:
        assert file.status == "refused" and case.refused in file.reason, file.reason
        assert not list(home.accepted.glob("*/*/2*/*"))
        return
    assert file.status == "accepted", file.reason
    assert (file.rows_accepted, file.rows_quarantined, file.rows_duplicate) == case.rows
    found = {(each.line, each.rule) for each in quarantined(home)}
    assert found >= set(case.rules) and {line for line, _ in found} == {
        line for line, _ in case.rules
    }
    orders = accepted_glob(home, contract.table("transaction", "orders"))
    kept = duckdb.sql(f"select order_id, amount::varchar from read_parquet('{orders}')").fetchall()
    assert set(kept) <= {("o1", "100.50"), ("o2", "7.00")}


def test_the_documentation_shows_these_cases() -> None:
    text = (ROOT / "docs" / "ingestion.md").read_text(encoding="utf-8")
    shown = [line for line in text.splitlines() if line.startswith("| ") and " | " in line]
    for case in CASES:
        assert f"| {case.title} | {case.outcome} |" in shown


if __name__ == "__main__":
    for case in CASES:
        print(f"| {case.title} | {case.outcome} |")
