{#-
    Work tables of a materialization that loops: made, replaced and dropped statement by statement.
    work_table(relation, part) names one, make_work_table(name, query) makes it.
    DuckDB: a temporary table; every statement commits by itself, because a table of the open
    transaction counts as empty and the planner then takes a nested loop.
    Spark: a table beside the model's. Cached views would be quicker to write, but each keeps the
    plan of all before it: after a dozen steps planning took minutes.
-#}
{% macro work_table(relation, part) -%}
    {{ return(adapter.dispatch('work_table', 'finview')(relation, part)) }}
{%- endmacro %}

{% macro duckdb__work_table(relation, part) -%}
    {{ return(relation.identifier ~ '__' ~ part) }}
{%- endmacro %}

{% macro spark__work_table(relation, part) -%}
    {{ return(relation.schema ~ '.' ~ relation.identifier ~ '__' ~ part) }}
{%- endmacro %}

{% macro make_work_table(name, query) -%}
    {%- do adapter.dispatch('make_work_table', 'finview')(name, query) -%}
{%- endmacro %}

{% macro duckdb__make_work_table(name, query) -%}
    {%- do run_query('create or replace temp table ' ~ name ~ ' as ' ~ query) -%}
{%- endmacro %}

{% macro spark__make_work_table(name, query) -%}
    {%- do run_query('create or replace table ' ~ name ~ ' using iceberg as ' ~ query) -%}
{%- endmacro %}

{% macro drop_work_table(name) -%}
    {%- do adapter.dispatch('drop_work_table', 'finview')(name) -%}
{%- endmacro %}

{% macro duckdb__drop_work_table(name) -%}
    {%- do run_query('drop table if exists ' ~ name) -%}
{%- endmacro %}

{% macro spark__drop_work_table(name) -%}
    {%- do run_query('drop table if exists ' ~ name ~ ' purge') -%}
{%- endmacro %}

{#- Puts the result of a query in the place of a model's table. -#}
{% macro replace_table(relation, query) -%}
    {{ return(adapter.dispatch('replace_table', 'finview')(relation, query)) }}
{%- endmacro %}

{% macro duckdb__replace_table(relation, query) -%}
    create or replace table {{ relation }} as {{ query }}
{%- endmacro %}

{% macro spark__replace_table(relation, query) -%}
    create or replace table {{ relation }} using iceberg as {{ query }}
{%- endmacro %}

{#-
    A number of 64 bits for a node, alike for equal nodes and random otherwise; another salt gives
    another. It may change with the engine's version: whoever keeps it must cope with that.
-#}
{% macro node_number(node, salt) -%}
    {{ return(adapter.dispatch('node_number', 'finview')(node, salt)) }}
{%- endmacro %}

{% macro duckdb__node_number(node, salt) -%}
    hash({{ node if salt == 0 else "concat('" ~ salt ~ ":', " ~ node ~ ")" }})
{%- endmacro %}

{% macro spark__node_number(node, salt) -%}
    xxhash64({{ node if salt == 0 else "concat('" ~ salt ~ ":', " ~ node ~ ")" }})
{%- endmacro %}
