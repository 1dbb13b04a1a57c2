{#-
    Frees the storage of earlier contents of all tables on Spark: Iceberg keeps what a build
    replaced until it is told otherwise. DuckDB keeps nothing, so there is nothing to do.
    By hand or by a weekly job, while no build runs:
      finview-dbt run-operation expire_snapshots --args '{days: 7}'
-#}
{% macro expire_snapshots(days=7) -%}
    {%- do adapter.dispatch('expire_snapshots', 'finview')(days) -%}
{%- endmacro %}

{% macro duckdb__expire_snapshots(days) -%}
    {%- do log('DuckDB keeps no snapshots', info=true) -%}
{%- endmacro %}

{% macro spark__expire_snapshots(days) -%}
    {%- set until = run_started_at - modules.datetime.timedelta(days=days) -%}
    {%- set catalogue = env_var('FINVIEW_SPARK_CATALOGUE', 'lake') -%}
    {%- set total = namespace(files=0) -%}
    {%- for schema in graph.nodes.values()
        | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot'])
        | map(attribute='schema') | unique | sort -%}
        {%- for row in run_query('show tables in ' ~ schema).rows if not row[2] -%}
            {%- set done = run_query(
                "call " ~ catalogue ~ ".system.expire_snapshots(table => '" ~ schema ~ "." ~ row[1]
                ~ "', older_than => cast('" ~ until.strftime('%Y-%m-%d %H:%M:%S')
                ~ "' as timestamp_ltz), retain_last => 1)"
            ) -%}
            {%- set total.files = total.files + done.rows[0].values() | sum -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do log('expired snapshots up to ' ~ until.strftime('%Y-%m-%d %H:%M') ~ ' UTC: '
        ~ total.files ~ ' files deleted', info=true) -%}
{%- endmacro %}
