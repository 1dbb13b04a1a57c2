"""The command `finview`. Each command imports what it needs when it runs, so help is quick."""

from __future__ import annotations

import click

from finview import __version__
from finview.cli.build import doctor, env, run, ui
from finview.cli.cluster import cluster, parity
from finview.cli.contract import contract
from finview.cli.data import import_, ingest, sample
from finview.cli.explain import explain
from finview.cli.identity import identity
from finview.cli.output import Group
from finview.cli.privacy import erase, keys
from finview.cli.pull import pull
from finview.cli.quarantine import quarantine
from finview.cli.serve import kpi, publish, rollback, versions
from finview.cli.value import value


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="finview")
def main() -> None:
    """Unified users and KPI marts out of channel, transaction and CRM data.

    A home is the folder that holds one platform's data and published marts: --home, else
    $FINVIEW_HOME, else ./var.

    \b
    Start here:
      finview run                    sample data, whole build, publish, scorecard
      finview kpi --area value       KPIs of one area
      finview ui                     runs, lineage and checks in the browser
    \b
    With your own data:
      finview doctor                 what is missing on this machine
      (put files under <home>/landing/<source>/<table>/, see docs/contract.md)
      finview run --no-sample
    """


for _command in (
    run,
    sample,
    import_,
    pull,
    ingest,
    quarantine,
    kpi,
    publish,
    versions,
    rollback,
    explain,
    identity,
    value,
    erase,
    keys,
    ui,
    doctor,
    env,
    contract,
    cluster,
    parity,
):
    main.add_command(_command)
