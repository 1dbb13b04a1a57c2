{#-
    A `select` of one column `date_day`: every day from a first to a last date, both included; no
    row where the last lies before the first or one of them is null.
-#}
{% macro date_series(first_day, last_day) -%}
    {{ return(adapter.dispatch('date_series', 'finview')(first_day, last_day)) }}
{%- endmacro %}

{% macro duckdb__date_series(first_day, last_day) -%}
    select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
        as date_day
{%- endmacro %}

{#- Spark's `sequence` would count down, or refuse to, where the last day lies before the first. -#}
{% macro spark__date_series(first_day, last_day) -%}
    select explode(
        case
            when first_day <= last_day then sequence(first_day, last_day, interval 1 day)
        end
    ) as date_day
    from (select {{ first_day }} as first_day, {{ last_day }} as last_day) as both_days
{%- endmacro %}
