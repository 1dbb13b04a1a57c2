"""The Dagster side: lineage, checks, schedule and sensor around the steps of `finview.pipeline`.

Thin on purpose: what a step does, and whether it is green, is decided in `finview`. Publishing
reads the project's own build record, never the state of a Dagster run.
"""
