{#-
    Makes every source table readable as `raw_<source>.<table>` over the accepted Parquet files.
    Runs on start. Needs the folder of accepted data in FINVIEW_ACCEPTED_DIR; without it (lint,
    docs) nothing is registered. Ingestion keeps a file without rows in every folder, so that a
    table which was never delivered is empty, not missing.
-#}
{% macro register_accepted() -%}
    {%- set folder = env_var('FINVIEW_ACCEPTED_DIR', '') -%}
    {%- if execute and folder and flags.WHICH in ('build', 'run', 'test', 'seed', 'show') -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set files = folder ~ '/' ~ source.source_name ~ '/' ~ source.name -%}
            {%- do adapter.dispatch('register_source', 'finview')(source, files) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__register_source(source, folder) -%}
    {%- set files = (folder ~ '/**/*.parquet') | replace("'", "''") -%}
    {%- do run_query('create schema if not exists ' ~ source.schema) -%}
    {%- do run_query(
        'create or replace view ' ~ source.schema ~ '.' ~ source.identifier
        ~ " as select * from read_parquet('" ~ files
        ~ "', union_by_name = true, hive_partitioning = false)"
    ) -%}
{%- endmacro %}
