"""Planting a made-up person and searching every byte of a home for them, in any spelling."""

from __future__ import annotations

import base64
import codecs
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb

from finview.settings import Home

#: Made up: the card has an impossible day of birth.
PHONE, ID_CARD = "13912345678", "11010119900230123X"
NAME, EMAIL = "Kanarienvogel Zwitscher", "kanarienvogel@example.org"
VALUES = {"phone": PHONE, "id_card": ID_CARD, "name": NAME, "email": EMAIL}
#: Where raw values may be: what was delivered, and the key.
RAW = ("landing", "keys")
TEXT = f"call {PHONE}, card {ID_CARD}, mail {EMAIL}"


def plant(home: Home) -> None:
    """Deliver the person in every way that a delivery can hold one."""
    customers = (
        "customer_id,phone,id_card,email,name,registered_at,updated_at\n"
        f"canary-1,{PHONE},{ID_CARD},{EMAIL},{NAME},2023-01-02,2023-01-02\n"
        # Broken rules: the values must not be told with the reason.
        f"canary-2,{PHONE},{ID_CARD},{EMAIL},{NAME},{PHONE},2023-01-02\n"
        f"{PHONE},{PHONE},{ID_CARD},{EMAIL},{NAME},{ID_CARD},{EMAIL}\n"
        # Malformed: too many fields, an open quote.
        f"canary-3,{PHONE},{ID_CARD},{EMAIL},{NAME},2023-01-02,2023-01-02,{PHONE},{NAME}\n"
        f'canary-4,"{PHONE},{ID_CARD},{EMAIL},{NAME}\n'
    )
    land(home, f"crm/customers/{PHONE}.csv", customers)
    land(home, f"crm/customers/of {EMAIL} {ID_CARD}.csv", customers.replace("ry-", "ry-x"))
    land(home, "crm/customers/drift.csv", "customer_id,registered_at,updated_at,mobile_2\n"
          f"canary-5,2023-01-02,2023-01-02,{PHONE}\n")  # fmt: skip
    land(home, "crm/customers/header.csv", f"canary-6,{PHONE},{ID_CARD},{EMAIL},{NAME}\n")
    land(home, "crm/customers/broken.parquet", f"PAR1{PHONE}{NAME}")
    land(home, "crm/tickets/canary.csv", "ticket_id,customer_id,opened_at,kind,topic\n"
          f'canary-t,canary-1,2023-01-05 03:00:00,complaint,"{TEXT}"\n')  # fmt: skip
    land(home, "channel/ad_touches/canary.csv", "touch_id,touched_at,kind,landing_url\n"
          f"canary-a,2023-01-05 03:00:00,click,https://a.example/p/{PHONE}?tel={PHONE}"
          f"&mail={quote(EMAIL)}&name={quote(NAME)}#{ID_CARD}\n")  # fmt: skip
    land(home, "channel/app_events/canary.jsonl",
          '{"event_id":"canary-e","occurred_at":"2023-01-05T03:00:00",'
          f'"device_id":"{PHONE}","event_name":"page_view","properties":"{TEXT}"}}\n'
          f'{{"event_id":"canary-f","device_id":"{PHONE}","note":"{TEXT}\n')  # fmt: skip


def land(home: Home, place: str, content: str) -> None:
    path = home.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def spellings(value: str) -> dict[str, bytes]:
    """A value as it may stand in a file: plain, encoded, or hashed without a key."""
    raw = value.encode()
    found = {
        "plain": raw,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "percent": quote(value).encode(),
        "hex": codecs.encode(raw, "hex"),
        "reversed": raw[::-1],
    }
    for kind in ("md5", "sha1", "sha256"):
        digest = hashlib.new(kind, raw)
        found[kind] = digest.hexdigest().encode()
        found[f"{kind} bytes"] = digest.digest()
    for shift in range(3):
        # Whatever stands before and after, these characters are the same.
        encoded = base64.b64encode(b"\0" * shift + raw)
        found[f"base64 {shift}"] = encoded[-(-shift * 8 // 6) : len(encoded) - 4]
    return found


def search(home: Home) -> set[tuple[str, str, str]]:
    """(file, class, spelling) of every place outside `RAW` where the person is."""
    wanted = [
        (pii, kind, text)
        for pii, value in VALUES.items()
        for kind, text in spellings(value).items()
    ]
    found = set()
    for path in sorted(home.root.rglob("*")):
        place = path.relative_to(home.root)
        if place.parts[0] in (*RAW, "truth"):
            continue
        contents = [str(place).encode()]
        if path.is_file() and not path.is_symlink():
            contents += _contents(path)
        for content in contents:
            found |= {(str(place), pii, kind) for pii, kind, text in wanted if text in content}
    return found


def _contents(path: Path) -> Iterator[bytes]:
    """Bytes of a file, and what is inside it when they are packed."""
    yield path.read_bytes()
    text = str(path).replace("'", "''")
    if path.suffix == ".parquet":
        yield repr(duckdb.sql(f"from read_parquet('{text}')").fetchall()).encode()
    elif path.suffix == ".duckdb":
        with duckdb.connect() as connection:
            connection.execute(f"attach '{text}' as searched (read_only)")
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "where database_name = 'searched'"
            ).fetchall():
                rows = connection.execute(f'from searched."{schema}"."{name}"').fetchall()
                yield repr(rows).encode()
    elif path.suffix == ".gz":
        yield zlib.decompress(path.read_bytes(), wbits=31)
