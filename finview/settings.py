"""Where a home keeps its state, and the settings in its `finview.yml`.

A home is one platform's state outside the code: landing, accepted data, warehouse, published
versions. It is chosen by `--home`, else `$FINVIEW_HOME`, else `./var`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from finview.errors import FinviewError

ENGINES = ("duckdb", "spark")
#: Iceberg catalogue of the local cluster (`finview cluster up`).
LOCAL_CATALOGUE = "lake"
_SPARK_SETTINGS: Mapping[str, type] = {
    "host": str,
    "port": int,
    "user": str,
    "auth": str,
    "catalogue": str,
    "partitions": int,
    "storage": str,
}
PRODUCT_LINES = ("consumer_credit", "wealth", "payment", "insurance", "other")

DEFAULT_RHYTHM: Mapping[str, int] = {
    "consumer_credit": 30,
    "wealth": 90,
    "payment": 14,
    "insurance": 365,
    "other": 30,
}

SETTINGS_TEMPLATE = """\
# Settings of this home. Every line may be left out: the value shown is then used.
business_timezone: Asia/Shanghai   # zone of the business day (IANA name)
reporting_currency: CNY            # every amount must be in it; bills in others need a rate
as_of_date: auto                   # a day (2025-06-30), or auto: the last business day delivered
engine: duckdb                     # or spark, see docs/spark.md
keep_versions: 5                   # published versions kept for rollback
# Days in which a user of the product line is expected to come back.
product_line_rhythm_days:
  consumer_credit: 30
  wealth: 90
  payment: 14
  insurance: 365
  other: 30
"""


def project_root() -> Path:
    """Folder with `dbt_project.yml`: `$FINVIEW_PROJECT`, else the checkout of this package."""
    configured = os.environ.get("FINVIEW_PROJECT")
    root = Path(configured) if configured else Path(__file__).resolve().parent.parent
    if not (root / "dbt_project.yml").is_file():
        raise FinviewError(
            f"no dbt_project.yml in {root}",
            "run from a checkout of finview, or set FINVIEW_PROJECT to one",
        )
    return root


@dataclass(frozen=True)
class Home:
    """The folders of one home. Nothing is created until `create()`."""

    root: Path

    @classmethod
    def find(cls, path: str | Path | None = None) -> Home:
        """Home at `path`, else `$FINVIEW_HOME`, else `./var`; always absolute."""
        return cls(Path(path or os.environ.get("FINVIEW_HOME") or "var").expanduser().resolve())

    @property
    def settings_file(self) -> Path:
        return self.root / "finview.yml"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def accepted(self) -> Path:
        return self.root / "accepted"

    @property
    def identity(self) -> Path:
        """What finview itself keeps about identity, see `finview.identity.state`."""
        return self.accepted / "identity"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        return self.warehouse / "finview.duckdb"

    @property
    def candidate(self) -> Path:
        return self.root / "candidate"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def audit(self) -> Path:
        return self.root / "audit"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def dagster(self) -> Path:
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def truth(self) -> Path:
        return self.root / "truth"

    def create(self) -> Home:
        """Make the folders (mode 0700) and a commented `finview.yml`; keep what is there."""
        for folder in (
            self.root,
            self.landing,
            self.accepted,
            self.quarantine,
            self.warehouse,
            self.candidate,
            self.published,
            self.audit,
            self.keys,
            self.dagster,
            self.logs,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.settings_file.exists():
            self.settings_file.write_text(SETTINGS_TEMPLATE, encoding="utf-8")
        return self


@dataclass(frozen=True)
class Settings:
    """What `finview.yml` says, checked.

    `as_of_date` is None for `auto`; `spark` names a cluster (host, port, user, auth, catalogue,
    partitions, storage), and is empty for the local one. `$FINVIEW_ENGINE` wins over `engine`.
    `pull` is checked by `finview.pull.parse`, which knows the contract.
    """

    business_timezone: str = "Asia/Shanghai"
    reporting_currency: str = "CNY"
    as_of_date: date | None = None
    engine: str = "duckdb"
    keep_versions: int = 5
    spark: Mapping[str, Any] = field(default_factory=dict)
    pull: Mapping[str, Any] = field(default_factory=dict)
    product_line_rhythm_days: Mapping[str, int] = field(
        default_factory=lambda: dict(DEFAULT_RHYTHM)
    )


def load_settings(home: Home) -> Settings:
    """Read and check `finview.yml` of a home; defaults where the file or a line is absent.

    Raises:
        FinviewError: unknown setting or bad value, naming the line to mend.
    """
    path = home.settings_file
    if not path.exists():
        return _with_engine_of_environment(Settings())
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise FinviewError(f"{path} is not valid YAML: {error}", "mend the file") from error
    if not isinstance(raw, dict):
        raise FinviewError(f"{path} must hold 'name: value' lines", "mend the file")
    unknown = sorted(set(raw) - set(Settings.__dataclass_fields__))
    if unknown:
        known = ", ".join(Settings.__dataclass_fields__)
        raise FinviewError(f"{path}: unknown setting {unknown[0]!r}", f"use one of: {known}")
    return _with_engine_of_environment(Settings(**_checked(raw, path)))


def _with_engine_of_environment(settings: Settings) -> Settings:
    engine = os.environ.get("FINVIEW_ENGINE", settings.engine)
    if engine not in ENGINES:
        raise FinviewError(f"FINVIEW_ENGINE is {engine!r}", f"use one of: {', '.join(ENGINES)}")
    return replace(settings, engine=engine)


def _checked(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """Values of `raw` in the types of `Settings`; raises on the first bad one."""

    def refuse(name: str, expected: str) -> FinviewError:
        return FinviewError(f"{path}: {name} is {raw[name]!r}", f"expected {expected}")

    checked = dict(raw)
    if "business_timezone" in raw:
        try:
            ZoneInfo(str(raw["business_timezone"]))
        except (KeyError, ValueError, OSError) as error:
            raise refuse("business_timezone", "an IANA zone such as Asia/Shanghai") from error
    if "reporting_currency" in raw:
        code = str(raw["reporting_currency"])
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):
            raise refuse("reporting_currency", "an ISO 4217 code such as CNY")
    if "as_of_date" in raw:
        value = raw["as_of_date"]
        if value == "auto":
            checked["as_of_date"] = None
        elif type(value) is not date:
            raise refuse("as_of_date", "'auto' or a day such as 2025-06-30")
    if "engine" in raw and raw["engine"] not in ENGINES:
        raise refuse("engine", f"one of: {', '.join(ENGINES)}")
    keep = raw.get("keep_versions", 1)
    if type(keep) is not int or keep < 1:
        raise refuse("keep_versions", "a whole number from 1")
    if "spark" in raw:
        spark = raw["spark"]
        if not isinstance(spark, dict) or not all(
            name in _SPARK_SETTINGS and type(value) is _SPARK_SETTINGS[name]
            for name, value in spark.items()
        ):
            known = ", ".join(f"{name} ({kind.__name__})" for name, kind in _SPARK_SETTINGS.items())
            raise refuse("spark", f"lines of: {known}")
    if not isinstance(raw.get("pull", {}), dict):
        # Never with the value: it might be an address with a password.
        raise FinviewError(f"{path}: pull must hold connections and tables", "see docs/pull.md")
    if "product_line_rhythm_days" in raw:
        rhythm = raw["product_line_rhythm_days"]
        if not isinstance(rhythm, dict) or not all(
            line in PRODUCT_LINES and type(days) is int and days > 0
            for line, days in rhythm.items()
        ):
            raise refuse("product_line_rhythm_days", "days (from 1) by product line")
        checked["product_line_rhythm_days"] = {**DEFAULT_RHYTHM, **rhythm}
    return checked
