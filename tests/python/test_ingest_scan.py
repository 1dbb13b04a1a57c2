"""Record finding against Python's csv module, and what one bad line costs."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import duckdb
import pytest

from finview.ingest import scan as scanner
from finview.ingest.scan import MAX_RECORD_BYTES, scan, write_records
from finview.ingest.sources import sql_text


def reference(text: str) -> list[tuple[int, list[str]]]:
    """(first physical line, fields) of each non-blank record, by Python's csv module."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found, before = [], 0
    for fields in reader:
        if fields:
            found.append((before + 1, fields))
        before = reader.line_num
    return found


def scanned(path: Path, text: str) -> tuple[list[int], list[int], list[list[str]]]:
    """Lines, field counts, and the fields of the good records as copied for the parser."""
    path.write_bytes(text.encode())
    lines, counts = [], []
    out = io.BytesIO()
    for records in scan(path):
        lines += records.line.tolist()
        counts += records.fields.tolist()
        write_records(path, records, records.fields > 0, out)
    rows = list(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))
    return lines, counts, rows


TRICKY = [
    "a,b\n1,2\n",
    "a,b\r\n1,2\r\n3,4",
    "a,b\r1,2\r3,4\r",
    "\n\na,b\n\r\n1,2\n\n\n3,4\n",
    'a,b\n"x\ny",2\n3,"z\r\n\r\nq"\n5,6\n',
    'a,b\n"say ""hi""",","\n"","""\n"""\n',
    'a,b\r\n"x\ry",2\n3,4\r5,6\r\n',
    "a,b\n1\n1,2,3\n4,5\n",
    'a,b\n"é漢,字","\n\n\n"\n7,8',
]


@pytest.mark.parametrize("text", TRICKY)
@pytest.mark.parametrize("chunk", [8, 9, 1 << 20])
def test_lines_and_fields_equal_the_csv_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, chunk: int
) -> None:
    monkeypatch.setattr(scanner, "CHUNK_BYTES", chunk)
    lines, fields, rows = scanned(tmp_path / "t.csv", text)
    expected = reference(text)
    assert list(zip(lines, fields, strict=True)) == [(at, len(row)) for at, row in expected]
    assert rows == [row for _, row in expected]


def test_random_files_equal_the_csv_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(11)
    monkeypatch.setattr(scanner, "PORTION_BYTES", 25)
    pieces = ["", "a", "12", "é", '"', '""', ",", "\n", "\r\n", "\r", " x "]
    for _ in range(400):
        monkeypatch.setattr(scanner, "CHUNK_BYTES", chance.choice([7, 16, 33, 1 << 20]))
        ends = chance.choice([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]])
        text = ""
        for _ in range(chance.randint(1, 12)):
            fields = []
            for _ in range(chance.randint(1, 4)):
                value = "".join(chance.choices(pieces, k=chance.randint(0, 4)))
                quoted = any(mark in value for mark in '",\r\n') or chance.random() < 0.3
                fields.append('"' + value.replace('"', '""') + '"' if quoted else value)
            text += ",".join(fields) + chance.choice(ends)
            text += chance.choice(["", "", "", *ends])
        lines, counts, rows = scanned(tmp_path / "r.csv", text)
        expected = reference(text)
        assert lines == [at for at, _ in expected], repr(text)
        assert counts == [len(row) for _, row in expected], repr(text)
        assert rows == [row for _, row in expected], repr(text)


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ('a,b\n1,"open\n2,x\n3,y\n', [2]),
        ('a,b\n1,"open\n2,"z"\n3,y\n', [2]),
        ('a,b\n1,x"y\n2,z\n', [2]),
        ('a,b\n"x"y,1\n2,z\n"p"q,3\n', [2, 4]),
        ('a,b\n\n"m\nn",1\n2,"late', [5]),
        (f"a,b\n1,{'x' * (MAX_RECORD_BYTES + 1)}\n2,z\n", [2]),
    ],
)
def test_one_bad_line_costs_one_line(tmp_path: Path, text: str, bad: list[int]) -> None:
    lines, fields, _ = scanned(tmp_path / "b.csv", text)
    assert [line for line, count in zip(lines, fields, strict=True) if count == 0] == bad
    whole = [line for line, count in zip(lines, fields, strict=True) if count == 2]
    assert len(whole) == len(lines) - len(bad)


def test_chunks_do_not_change_what_is_malformed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    for _ in range(150):
        text = "a,b\n" + "".join(chance.choices('ab,"\n\r1', k=chance.randint(5, 120)))
        whole = scanned(tmp_path / "c.csv", text)
        with monkeypatch.context() as patch:
            patch.setattr(scanner, "CHUNK_BYTES", 8)
            patch.setattr(scanner, "RESTART_BYTES", 4)
            patch.setattr(scanner, "PORTION_RECORDS", 2)
            assert scanned(tmp_path / "c.csv", text) == whole, repr(text)


def test_texts_are_left_untrimmed_only_when_trimming_changes_nothing(tmp_path: Path) -> None:
    chance = random.Random(3)
    pieces = ["", "a", "b c", " ", "\u3000", "\u00a0", "\u2003", "é", "漢", '""']
    path = tmp_path / "s.csv"
    untrimmed = 0
    for _ in range(600):
        values = ["".join(chance.choices(pieces, k=chance.randint(0, 2))) for _ in range(4)]
        cells = [f'"{value}"' if chance.random() < 0.3 or '"' in value else value
                 for value in values]  # fmt: skip
        path.write_text("a,b\n" + ",".join(cells[:2]) + "\n" + ",".join(cells[2:]) + "\n")
        ((changed,),) = duckdb.sql(
            "select count(*) filter (a is distinct from nullif(trim(a), '') or "
            f"b is distinct from nullif(trim(b), '')) from read_csv({sql_text(path)}, "
            "header = true, "
            "auto_detect = false, quote = '\"', escape = '\"', delim = ',', "
            "columns = {'a': 'varchar', 'b': 'varchar'}, null_padding = true)"
        ).fetchall()
        (records,) = scan(path)
        assert records.may_have_spaces or not changed, values
        untrimmed += not records.may_have_spaces
    assert untrimmed > 20


def test_many_open_quotes_end_in_time_and_are_all_told(tmp_path: Path) -> None:
    body = "".join(f'{i},"open {i}\n{i},fine\n' for i in range(2000))
    lines, fields, _ = scanned(tmp_path / "m.csv", "a,b\n" + body)
    assert len(lines) > 2000 and fields.count(0) >= 1000
