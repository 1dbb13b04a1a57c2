"""A small home of two customers of one family, with files of every kind, for erasure tests."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from finview.audit import REQUIRED_STAGES, BuildRecord
from finview.contract import Contract
from finview.ingest import ingest
from finview.ingest.identifiers import keyed_hash
from finview.ingest.keys import HashKey, bind_key
from finview.publish import Manifest, build_candidate, publish
from finview.settings import Home, Settings

from .publish import DAY

KEY = "erasure-tests-of-no-real-person-0123456789"
#: What only Anna (c-1) has; Ben (c-2) shares her tablet `pad-both` and the phone 13900000012.
ANNA = ("c-1", "13800138000", "11010119900307739X", "anna.lee@example.com", "o-anna")
BEN = ("c-2", "13711112222", "ben@example.com")
CUSTOMERS = """\
customer_id,phone,id_card,email,name,registered_at,register_device_id,updated_at
c-1,13800138000,11010119900307739X,anna.lee@example.com,Anna Lee,2024-01-01,dev-anna,2024-01-02
c-2,13711112222,110101199003077483,ben@example.com,Ben Lee,2024-01-01,pad-both,2024-01-02
c-1,13800138000,11010119900307739X,anna.lee@example.com,Anna Lee,never,dev-anna,2024-01-02
c-2,"broken quote of 13800138000,x
c-3,13900000012,,,,2024-01-03,,2024-01-03
"""
FILES = {
    "crm/customers/customers.csv": CUSTOMERS,
    "crm/customer_devices/d.csv": "customer_id,device_id,first_seen_at,last_seen_at\n"
    "c-1,pad-both,2024-01-01,2024-02-01\nc-2,pad-both,2024-01-01,2024-02-01\n"
    "c-1,dev-anna,2024-01-01,2024-02-01\n",
    "crm/tickets/t.csv": "ticket_id,customer_id,opened_at,kind,topic\n"
    't-1,c-2,2024-01-05,complaint,"please call 13800138000,\nnot me"\n'
    "t-2,c-1,2024-01-05,complaint,slow\n",
    "transaction/orders/o.csv": "order_id,customer_id,product_id,ordered_at,status,amount,"
    "revenue_amount,currency_code,device_id\n"
    "o-anna,c-1,p-1,2024-01-06,completed,100.00,5.00,CNY,pad-both\n"
    "o-ben,c-2,p-1,2024-01-06,completed,50.00,2.00,CNY,pad-both\n",
    "transaction/repayments/r.csv": "repayment_id,order_id,due_at,due_amount,paid_amount,"
    "currency_code\nr-1,o-anna,2024-02-01,10.00,0,CNY\nr-2,o-ben,2024-02-01,10.00,0,CNY\n",
    "channel/messages/m.jsonl": '{"message_id":"m-1","message_channel":"sms","customer_id":"c-1",'
    '"recipient_phone":"13800138000","sent_at":"2024-01-07","purpose":"service"}\n'
    '{"message_id":"m-2","message_channel":"sms","customer_id":"c-2",'
    '"recipient_phone":"13711112222","sent_at":"2024-01-07","purpose":"service"}\n',
    "channel/wecom_contacts/w.csv": "external_user_id,staff_id,union_id,phone,added_at\n"
    "wo-anna,s-1,un-anna,138-0013-8000,2024-01-08\nwo-ben,s-1,un-ben,13711112222,2024-01-08\n",
    "channel/community_members/c.csv": "group_id,external_user_id,joined_at\n"
    "g-1,wo-anna,2024-01-09\ng-1,wo-ben,2024-01-09\n",
    "channel/referrals/i.csv": "referral_id,inviter_customer_id,invitee_phone,sent_at\n"
    "i-1,c-2,13900000012,2024-01-09\n",
}


def land_family(home: Home) -> None:
    """Deliver `FILES`, and events as gzip, zip and Parquet."""
    for place, content in FILES.items():
        land(home, place, content.encode())
    touches = "touch_id,touched_at,kind,device_id,platform_user_id\n"
    packed = gzip.compress((touches + "a-1,2024-01-01,click,dev-anna,pu-anna\n").encode())
    land(home, "channel/ad_touches/a.csv.gz", packed)
    folder = land(home, "channel/ad_touches/more.zip", b"").parent
    with zipfile.ZipFile(folder / "more.zip", "w") as archive:
        archive.writestr("b.csv", touches + "a-2,2024-01-02,click,dev-anna,pu-anna\n"
                         "a-3,2024-01-02,click,dev-x,pu-x\n")  # fmt: skip
    events = land(home, "channel/app_events/e.parquet", b"")
    events.unlink()
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select * from (values "
            "('e-1', '2024-01-03 10:00:00', 'pad-both', 'c-1', 'page_view', 'tel 13800138000'), "
            "('e-2', '2024-01-03 11:00:00', 'pad-both', 'c-2', 'page_view', 'tel 13800138000'), "
            "('e-3', '2024-01-03 12:00:00', 'dev-anna', null, 'page_view', null), "
            "('e-4', '2024-01-03 13:00:00', 'pad-both', null, 'page_view', null)) "
            "t(event_id, occurred_at, device_id, customer_id, event_name, properties)) "
            f"to '{events}' (format parquet)"
        )


def land(home: Home, place: str, content: bytes) -> Path:
    """One landed file."""
    path = home.landing / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def family(root: Path, contract: Contract) -> Home:
    """A home with the family accepted and one version published."""
    home = Home(root).create()
    land_family(home)
    ingest(home, contract, Settings())
    publish_users(home)
    return home


def publish_users(home: Home) -> Manifest:
    """Build and publish a small warehouse with users, their identifiers and their orders."""
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as connection:
        bind_key(connection, HashKey("k1", False, KEY.encode()))
        connection.execute("create schema mart; create schema report")
        phone = "'13800138000'"
        connection.execute(
            "create table mart.bridge_user_identifier as select * from (values "
            "('customer', 'c-1', 'u_anna'), "
            f"('phone', {keyed_hash('phone', phone)}, 'u_anna'), "
            "('customer', 'c-2', 'u_ben')) t(identifier_type, identifier_value, user_key)"
        )
        connection.execute(
            "create table mart.dim_user as select user_key, user_key = 'u_ben' as is_male "
            "from (values ('u_anna'), ('u_ben')) t(user_key)"
        )
        connection.execute("comment on table mart.dim_user is 'One row per user.'")
        connection.execute("comment on column mart.dim_user.user_key is 'Key.'")
        connection.execute(
            "create table mart.fct_order as select * from (values "
            "('o-anna', 'u_anna'), ('o-ben', 'u_ben')) t(order_id, user_key)"
        )
        connection.execute("create table report.rpt_kpi as select 'users' as kpi_id, 2 as value")
    build = BuildRecord(home)
    build.start(DAY, {}, "test")
    for stage in REQUIRED_STAGES[:-2]:
        build.stage(stage, True, {})
    settings = Settings(as_of_date=DAY)
    build_candidate(home, settings)
    build.stage("mart_expectations", True, {})
    return publish(home, settings)


def everything(home: Home) -> Iterator[tuple[Path, bytes]]:
    """Bytes of every file of a home, unpacked ones too."""
    for path in sorted(home.root.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".gz":
            yield path, gzip.decompress(path.read_bytes())
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield path, archive.read(name)
        elif path.suffix == ".parquet":
            rows = duckdb.sql(f"from read_parquet('{str(path).replace(chr(39), 2 * chr(39))}')")
            yield path, repr(rows.fetchall()).encode()
