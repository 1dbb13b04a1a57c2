"""Importing an example: what is written, and what is refused. All rows here are made up."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from finview.errors import FinviewError
from finview.importer import import_example, list_examples
from finview.settings import SETTINGS_TEMPLATE, Home, load_settings

ROOT = Path(__file__).resolve().parents[2]
HEADER = (
    "ad_id,xyz_campaign_id,fb_campaign_id,age,gender,interest,"
    "Impressions,Clicks,Spent,Total_Conversion,Approved_Conversion\n"
)
TARGET = "channel/ad_spend_daily/kag_facebook_ads.parquet"


@pytest.fixture
def ads(tmp_path: Path) -> Path:
    folder = tmp_path / "it's data"
    folder.mkdir()
    rows = "12,9,3,30-34,M,15,700,2,1.43,2,1\n11,9,3,30-34,F,16,50,0,0.005,0,0\n"
    (folder / "kag_conversion_data.csv").write_text(HEADER + rows, encoding="utf-8")
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the examples and the contract that a test may break."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "examples", root / "examples")
    shutil.copytree(ROOT / "models" / "staging", root / "models" / "staging")
    return root


def run(ads: Path, home: Home, project: Path = ROOT) -> dict[str, int]:
    return import_example("kag_facebook_ads", ads, home, project=project)


def break_mapping(project: Path, old: str, new: str) -> None:
    path = project / "examples/kag_facebook_ads/channel.ad_spend_daily.sql"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def landed(home: Home) -> list[str]:
    files = (path for path in home.landing.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(home.landing)) for path in files)


def test_lists_the_examples() -> None:
    assert list_examples(ROOT) == ("completejourney", "ironhack_payments", "kag_facebook_ads")


def test_writes_sorted_rows_and_settings(ads: Path, home: Home) -> None:
    assert run(ads, home) == {"channel.campaigns": 1, "channel.ad_spend_daily": 2}
    rows = duckdb.sql(f"select creative_id, cost_amount from '{home.landing / TARGET}'").fetchall()
    assert [(creative, str(cost)) for creative, cost in rows] == [("11", "0.01"), ("12", "1.43")]
    assert load_settings(home).reporting_currency == "USD"
    assert landed(home) == ["channel/ad_spend_daily/kag_facebook_ads.parquet",
                            "channel/campaigns/kag_facebook_ads.parquet"]  # fmt: skip


def test_files_are_private(ads: Path, home: Home) -> None:
    run(ads, home)
    target = home.landing / TARGET
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.parent.stat().st_mode & 0o777 == 0o700
    assert target.parent.parent.stat().st_mode & 0o777 == 0o700
    assert home.settings_file.stat().st_mode & 0o777 == 0o600


def test_again_gives_the_same_bytes(ads: Path, home: Home) -> None:
    run(ads, home)
    before = (home.landing / TARGET).read_bytes()
    run(ads, home)
    assert (home.landing / TARGET).read_bytes() == before


def test_untouched_default_settings_are_replaced(ads: Path, home: Home) -> None:
    home.create()
    assert home.settings_file.read_text(encoding="utf-8") == SETTINGS_TEMPLATE
    run(ads, home)
    assert load_settings(home).business_timezone == "UTC"


def test_changed_settings_are_kept(ads: Path, home: Home) -> None:
    home.create()
    home.settings_file.write_text("keep_versions: 2\n", encoding="utf-8")
    run(ads, home)
    assert home.settings_file.read_text(encoding="utf-8") == "keep_versions: 2\n"


def test_unknown_example_lists_those_known(ads: Path, home: Home) -> None:
    with pytest.raises(FinviewError, match="no example 'kaggle'") as caught:
        import_example("kaggle", ads, home, project=ROOT)
    assert "completejourney, ironhack_payments, kag_facebook_ads" in caught.value.next_step
    assert not home.root.exists()


def test_missing_source_file_is_named(tmp_path: Path, home: Home) -> None:
    with pytest.raises(FinviewError, match=r"kag_conversion_data\.csv is missing"):
        run(tmp_path, home)
    assert not home.root.exists()


def test_source_folder_that_reads_as_a_pattern_is_refused(tmp_path: Path, home: Home) -> None:
    with pytest.raises(FinviewError, match="holds one of the characters"):
        run(tmp_path / "data[1]", home)


@pytest.mark.parametrize(
    "name", ["landing/crm/customers/c.csv", "accepted/crm/customers/b.parquet"]
)
def test_home_with_other_data_is_refused(ads: Path, home: Home, name: str) -> None:
    other = home.root / name
    other.parent.mkdir(parents=True)
    other.write_text("customer_id\n1\n", encoding="utf-8")
    with pytest.raises(FinviewError, match="already holds other data"):
        run(ads, home)
    assert not (home.landing / TARGET).exists()


def test_home_with_another_example_is_refused(ads: Path, home: Home) -> None:
    run(ads, home)
    with pytest.raises(FinviewError, match="must not be mixed"):
        cj = ads.parent / "cj"
        cj.mkdir()
        for name in ("campaign_descriptions", "campaigns", "coupon_redemptions",
                     "demographics", "transactions_sample"):  # fmt: skip
            (cj / f"{name}.parquet").touch()
        import_example("completejourney", cj, home, project=ROOT)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("as clicks", "as taps", "has no column 'taps'"),
        ("    'facebook' as platform,\n", "", "required column 'platform' is missing"),
        ('cast("Spent" as decimal(18, 2))', '"Spent"', "cost_amount is double"),
        ('"Clicks" as', '"Klicks" as', "Klicks"),
    ],
)
def test_mapping_that_breaks_the_contract_writes_nothing(
    ads: Path, home: Home, project: Path, old: str, new: str, message: str
) -> None:
    break_mapping(project, old, new)
    with pytest.raises(FinviewError, match=message):
        run(ads, home, project)
    assert landed(home) == []


def test_mapping_reaches_no_other_folder(ads: Path, home: Home, project: Path) -> None:
    secret = ads.parent / "secret.csv"
    secret.write_text("x\n1\n", encoding="utf-8")
    break_mapping(project, "'facebook'", f"(select cast(x as varchar) from '{secret}')")
    with pytest.raises(FinviewError, match="disabled by configuration"):
        run(ads, home, project)


def test_row_that_fails_while_writing_leaves_the_old_files(
    ads: Path, home: Home, project: Path
) -> None:
    run(ads, home)
    before = (home.landing / TARGET).read_bytes()
    break_mapping(project, '"Clicks" as', "cast('x' || ad_id as bigint) as")
    with pytest.raises(FinviewError, match="Could not convert"):
        run(ads, home, project)
    assert (home.landing / TARGET).read_bytes() == before
    assert len(landed(home)) == 2  # no temporary file stays
