{#-
    Refuses a session without the settings that models rely on (profiles/profiles.yml): a server
    may drop settings without a word, and a bad cast would then give an empty value.
    Runs on start.
-#}
{% macro check_session() -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'test', 'seed', 'snapshot', 'show') -%}
        {%- do adapter.dispatch('check_session', 'finview')() -%}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__check_session() -%}
{%- endmacro %}

{% macro spark__check_session() -%}
    {%- for name, wanted in [
        ('spark.sql.session.timeZone', 'UTC'),
        ('spark.sql.timestampType', 'TIMESTAMP_NTZ'),
        ('spark.sql.ansi.enabled', 'true'),
        ('spark.sql.decimalOperations.allowPrecisionLoss', 'true'),
    ] -%}
        {%- set found = run_query('set ' ~ name).rows[0][1] -%}
        {%- if found != wanted -%}
            {%- do exceptions.raise_compiler_error(
                name ~ ' is ' ~ found ~ ' in this session of Spark, and must be ' ~ wanted
                ~ ': see server_side_parameters in profiles/profiles.yml'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
