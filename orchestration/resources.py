"""Resources: the home that is worked on, and dbt without calls to the network."""

from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version, parse

from finview.settings import Home


class HomeResource(dg.ConfigurableResource["HomeResource"]):
    """The folder of the home, absolute."""

    root: str

    @property
    def home(self) -> Home:
        """The home with its folders."""
        return Home(Path(self.root))


class QuietDbt(DbtCliResource):
    """dbt as a subprocess that starts faster and asks no registry.

    The parent class runs `dbt --version`, which looks for newer versions on the network, and
    opens an adapter in this process, which costs seconds and is used only to fetch column
    metadata that we do not fetch.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return parse(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> Any:
        return None
