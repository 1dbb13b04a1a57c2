{#- A `select` of one column `date_day`: every day from a first to a last date, both included. -#}
{% macro date_series(first_day, last_day) -%}
    {{ return(adapter.dispatch('date_series', 'finview')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__date_series(first_day, last_day) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
        as date_day
{%- endmacro %}

{% macro spark__date_series(first_day, last_day) -%}
    select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as date_day
{%- endmacro %}
