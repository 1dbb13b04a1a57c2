"""Fuzzed deliveries: accepted, quarantined or refused, never a crash, never a row without account.

`make fuzz` takes 10,000 files and prints the counts; the test run takes 250.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finview.contract import load_contract
from finview.ingest import FileResult, ingest
from finview.settings import Home, Settings

ROOT = Path(__file__).resolve().parents[2]
FILES = int(os.environ.get("FINVIEW_FUZZ_FILES", "250"))
SEED = int(os.environ.get("FINVIEW_FUZZ_SEED", "3"))
NAMES = ["order_id", "customer_id", "ordered_at", "status", "amount", "currency_code", "device_id"]
VALUES: dict[str, list[str]] = {
    "order_id": ["o1", "o2", "o3", "", "订单九", "o" * 300],
    "customer_id": ["c1", "c2", ""],
    "ordered_at": ["2024-01-01 10:00:00", "2024-02-29", "2999-01-01", "29/02/2024", "1e9"],
    "status": ["funded", "completed", "sent", "FUNDED"],
    "amount": ["1.00", "1.005", "1e99", "NaN", "-1", "", "12345678901234567890", "0x1F", "１２"],
    "currency_code": ["CNY", "cny", "USD"],
    "device_id": ["D1", "", "13800138000", "' or 1=1 --"],
}
NOISE = [b"\0", b'"', b'""', b"\n", b"\r", b"\r\n", b",", b"\xff", b"\xef\xbb\xbf", b"\xfe\xff",
         b"\x1f", b"{", b"}", b"\\u0000", b"=cmd|' /C calc'!A0", b"\xe2\x80\xae"]  # fmt: skip


def _records(chance: random.Random) -> list[dict[str, str]]:
    return [_record(chance) for _ in range(chance.randint(0, 12))]


def _record(chance: random.Random) -> dict[str, str]:
    record = {
        name: values[0] if chance.random() < 0.9 else chance.choice(values)
        for name, values in VALUES.items()
    }
    if chance.random() < 0.7:
        record["order_id"] = f"o{chance.randrange(500)}"
    return record


def _csv(chance: random.Random) -> bytes:
    names = NAMES[:]
    if chance.random() < 0.15:
        spoil: Callable[[list[str]], object] = chance.choice([
            lambda found: found.append("surprise"),
            lambda found: found.append("amount"),
            lambda found: found.pop(),
            lambda found: found.reverse(),
            lambda found: found.extend(f"c{i}" for i in range(1000)),
        ])  # fmt: skip
        spoil(names)
    end = chance.choice(["\n", "\r\n", "\r"])
    lines = [",".join(names)]
    for record in _records(chance):
        cells = [record.get(name, "x") for name in names]
        lines.append(",".join(f'"{cell}"' if chance.random() < 0.2 else cell for cell in cells))
    text = end.join(lines) + (end if chance.random() < 0.8 else "")
    return text.encode(chance.choices(["utf-8", "gb18030", "utf-16"], [8, 1, 1])[0])


def _jsonl(chance: random.Random) -> bytes:
    return b"".join(
        json.dumps(record, ensure_ascii=chance.random() < 0.5).encode() + b"\n"
        for record in _records(chance)
    )


def _parquet(chance: random.Random) -> bytes:
    records = _records(chance)
    target = io.BytesIO()
    table = pa.table({name: [record[name] for record in records] for name in NAMES})
    pq.write_table(table, target)
    return target.getvalue()


def _spoiled(chance: random.Random, content: bytes) -> bytes:
    data = bytearray(content)
    for _ in range(chance.choice([0, 0, 1, 2, 6])):
        at = chance.randrange(len(data) + 1)
        kind = chance.random()
        if kind < 0.5:
            data[at : at + chance.randint(0, 3)] = chance.choice(NOISE)
        elif kind < 0.7:
            del data[at:]
        elif kind < 0.9:
            data[at : at + 4] = chance.randbytes(4)
        else:
            data += data[: min(at, 1000)]
    if chance.random() < 0.01:
        data += b"x" * (3 << 20)
    return bytes(data)


def write_fuzzed(folder: Path, number: int, chance: random.Random) -> Path:
    """One delivery, spoiled or not."""
    kind, make = chance.choice(
        [("csv", _csv), ("csv", _csv), ("jsonl", _jsonl), ("parquet", _parquet)]
    )
    content, name = _spoiled(chance, make(chance)), f"{number:05}.{kind}"
    wrap = chance.random()
    if wrap < 0.1 and kind != "parquet":
        content, name = _spoiled(chance, gzip.compress(content)), name + ".gz"
    elif wrap < 0.2:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(chance.choice(["a", "../a", "深/a"]) + "." + kind, content)
        content, name = _spoiled(chance, target.getvalue()), f"{number:05}.zip"
    path = folder / name
    path.write_bytes(content)
    return path


def _expected_rows(path: Path, result: FileResult) -> int | None:
    """Rows of a delivery as counted without the code under test; None where that is not simple."""
    if path.suffix == ".parquet":
        try:
            return int(pq.read_metadata(path).num_rows)
        except pa.ArrowInvalid:
            return None  # spoiled in a place that DuckDB does not read
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if (
        path.suffix == ".zip"
        or "converted" in result.reason
        or b'"' in content
        and ".csv" in path.name
    ):
        return None
    text = content.removeprefix(b"\xef\xbb\xbf")
    lines = [line for line in re.split(rb"\r\n|\n|\r", text) if line]
    return len(lines) - (".csv" in path.name)


def test_fuzzed_files_never_crash_and_always_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINVIEW_HASH_KEY", "0123456789abcdef0123456789abcdef")
    home, chance = Home(tmp_path / "home").create(), random.Random(SEED)
    folder = home.landing / "transaction" / "orders"
    folder.mkdir(parents=True)
    paths = {}
    for number in range(FILES):
        path = write_fuzzed(folder, number, chance)
        paths[path.name] = path

    report = ingest(home, load_contract(ROOT), Settings())

    assert report.ok
    told = {
        Path(file.file.partition(".zip/")[0]).name.removesuffix(".zip") for file in report.files
    }
    assert told == {name.removesuffix(".zip") for name in paths}
    counted = 0
    for file in report.files:
        name = Path(file.file).name
        if file.status == "accepted" and name in paths:
            expected = _expected_rows(paths[name], file)
            assert expected is None or file.rows_in == expected, (file, SEED)
            counted += expected is not None
    statuses = Counter(file.status for file in report.files)
    rows = {
        part: sum(getattr(file, f"rows_{part}") for file in report.files)
        for part in ("in", "accepted", "quarantined", "duplicate")
    }
    print(
        f"\n{len(paths):,} fuzzed files: {dict(statuses)}; rows: {rows}; "
        f"{counted:,} row counts compared with another reader"
    )
    assert statuses["accepted"] > FILES // 4 and statuses["refused"] > FILES // 20
    assert rows["quarantined"] and rows["accepted"] and rows["duplicate"] and counted > FILES // 10
    assert "13800138000" not in str(report.to_dict())
