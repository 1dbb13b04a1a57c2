{#-
    Makes every source table readable as `raw_<source>.<table>` over the accepted Parquet files.
    Runs on start. Needs the folder of accepted data in FINVIEW_ACCEPTED_DIR; without it (lint,
    docs) nothing is registered. Ingestion keeps a file without rows in every folder, so that a
    table which was never delivered is empty, not missing.
-#}
{% macro register_accepted() -%}
    {%- set folder = env_var('FINVIEW_ACCEPTED_DIR', '') -%}
    {%- if execute and folder and flags.WHICH in ('build', 'run', 'test', 'seed', 'show') -%}
        {%- set sources = graph.sources.values() | sort(attribute='unique_id') -%}
        {%- for schema in sources | map(attribute='schema') | unique -%}
            {%- do adapter.dispatch('register_schema', 'finview')(schema) -%}
        {%- endfor -%}
        {%- for source in sources -%}
            {%- set files = folder ~ '/' ~ source.source_name ~ '/' ~ source.name -%}
            {%- do adapter.dispatch('register_source', 'finview')(source, files) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__register_schema(schema) -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
{%- endmacro %}

{% macro duckdb__register_source(source, folder) -%}
    {%- set files = (folder ~ '/**/*.parquet') | replace("'", "''") -%}
    {%- do run_query(
        'create or replace view ' ~ source.schema ~ '.' ~ source.identifier
        ~ " as select * from read_parquet('" ~ files
        ~ "', union_by_name = true, hive_partitioning = false)"
    ) -%}
{%- endmacro %}

{% macro spark__register_schema(schema) -%}
    {%- do run_query('create schema if not exists spark_catalog.' ~ schema) -%}
    {%- do run_query('create schema if not exists ' ~ schema) -%}
{%- endmacro %}

{#-
    A table of the session catalogue over the files, with the contract's columns: so that a column
    which a delivery lacks is empty, a table without files has no rows, and nothing is inferred.
    A view in the project's catalogue gives it the name that models use.
-#}
{% macro spark__register_source(source, folder) -%}
    {%- set table = 'spark_catalog.' ~ source.schema ~ '.' ~ source.identifier -%}
    {%- do run_query('drop table if exists ' ~ table) -%}
    {%- do run_query(
        'create table ' ~ table ~ ' (' ~ accepted_columns(source) | join(', ')
        ~ ") using parquet options (recursiveFileLookup 'true') location '"
        ~ folder | replace("'", "\\'") ~ "'"
    ) -%}
    {%- do run_query(
        'create or replace view ' ~ source.schema ~ '.' ~ source.identifier
        ~ ' as select * from ' ~ table
    ) -%}
{%- endmacro %}

{#- Columns of accepted data as `name type`: hashed classes end in `_hash`, then lineage. -#}
{% macro accepted_columns(source) -%}
    {%- set columns = [] -%}
    {%- for column in source.columns.values() -%}
        {%- set pii = (column.meta or {}).get('pii') -%}
        {%- if pii and pii not in ('url', 'text') -%}
            {%- do columns.append(column.name ~ '_hash string') -%}
        {%- else -%}
            {%- do columns.append(
                column.name ~ ' ' ~ (column.data_type | replace('varchar', 'string'))
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(columns + [
        '_source_file string', '_source_line bigint', '_loaded_at timestamp', '_batch_id string',
        '_load_sequence bigint', '_key_version string', '_is_deleted boolean', '_extra string',
    ]) }}
{%- endmacro %}
