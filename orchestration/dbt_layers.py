"""One multi-asset per dbt layer: a failed test of a layer keeps the next from starting."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from finview.dbt import LAYERS, environment
from finview.pipeline import begin_layer, finish_layer, hold
from finview.progress import quietly, stage
from finview.quality import warm_up
from orchestration.landing import ACCEPTED
from orchestration.resources import HomeResource, QuietDbt

FULL_REFRESH_TAG = "finview/full_refresh"


class LayerTranslator(DagsterDbtTranslator):
    """Groups by layer; seeds wait for the ingestion that begins the build record."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer: the folder below `models/`, or `seeds`."""
        if dbt_resource_props["resource_type"] == "model":
            return str(dbt_resource_props["fqn"][1])
        return "seeds" if dbt_resource_props["resource_type"] == "seed" else "raw"

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """The default spec, for seeds with the accepted delivery as upstream."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("seed."):
            return spec.replace_attributes(deps=[*spec.deps, dg.AssetDep(ACCEPTED)])
        return spec


def dbt_layer_assets(manifest: Path) -> list[dg.AssetsDefinition]:
    """The layers that have nodes in the manifest, in build order."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    return [_layer(name, manifest) for name in LAYERS if _has_nodes(content, name)]


def _layer(name: str, manifest: Path) -> dg.AssetsDefinition:
    @dbt_assets(
        manifest=manifest,
        select=LAYERS[name],
        name=f"dbt_{name}",
        dagster_dbt_translator=LayerTranslator(),
    )
    def layer(
        context: dg.AssetExecutionContext, dbt: QuietDbt, home: HomeResource
    ) -> Iterator[Any]:
        where = home.home
        hold(where)
        full_refresh = context.run.tags.get(FULL_REFRESH_TAG) == "true"
        with stage(f"dbt {name}") as current:
            call = begin_layer(where, name, full_refresh=full_refresh)
            with environment(call.environment):
                invocation = dbt.cli(
                    list(call.arguments),
                    context=context,
                    target_path=call.target,
                    raise_on_error=False,
                )
            if name == "seeds":
                # Takes seconds, needed next, and dbt is a process of its own. Not in a thread:
                # two imports at once met half-made modules.
                warm_up()
            try:
                yield from quietly(invocation.stream())
            finally:
                invocation.process.kill()  # no-op once dbt has ended
            result = finish_layer(
                where,
                call,
                exit_ok=invocation.process.wait() == 0,
                partial=context.is_subset,
            )
            current.result = result.summary

    return layer


def _has_nodes(manifest: Mapping[str, Any], layer: str) -> bool:
    return any(
        node["resource_type"] == "seed"
        if layer == "seeds"
        else node["resource_type"] == "model" and node["fqn"][1] == layer
        for node in manifest["nodes"].values()
    )
