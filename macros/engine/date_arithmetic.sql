{#-
    Date arithmetic that both engines agree on. Arguments are SQL expressions, n a whole number.
    add_days(date, n) and add_months(date, n) give dates; a day that the month lacks becomes its
    last. add_hours(timestamp, n) gives a timestamp. days_between(start, end),
    months_between(start, end) and seconds_between(start, end) give whole numbers, negative where
    end is before start: months between the first days of the two months, seconds between the full
    seconds that the two moments lie in.
-#}
{% macro add_days(day, number) -%}
    {{ return(adapter.dispatch('add_days', 'finview')(day, number)) }}
{%- endmacro %}

{% macro duckdb__add_days(day, number) -%}
    cast({{ day }} + cast({{ number }} as integer) as date)
{%- endmacro %}

{% macro spark__add_days(day, number) -%}
    date_add({{ day }}, cast({{ number }} as int))
{%- endmacro %}

{% macro add_months(day, number) -%}
    {{ return(adapter.dispatch('add_months', 'finview')(day, number)) }}
{%- endmacro %}

{% macro duckdb__add_months(day, number) -%}
    cast({{ day }} + to_months(cast({{ number }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(day, number) -%}
    add_months({{ day }}, cast({{ number }} as int))
{%- endmacro %}

{% macro add_hours(moment, number) -%}
    {{ return(adapter.dispatch('add_hours', 'finview')(moment, number)) }}
{%- endmacro %}

{% macro duckdb__add_hours(moment, number) -%}
    {{ moment }} + to_hours(cast({{ number }} as integer))
{%- endmacro %}

{% macro spark__add_hours(moment, number) -%}
    {{ moment }} + make_dt_interval(0, cast({{ number }} as int))
{%- endmacro %}

{% macro days_between(start_day, end_day) -%}
    {{ return(adapter.dispatch('days_between', 'finview')(start_day, end_day)) }}
{%- endmacro %}

{% macro duckdb__days_between(start_day, end_day) -%}
    cast(date_diff('day', {{ start_day }}, {{ end_day }}) as integer)
{%- endmacro %}

{% macro spark__days_between(start_day, end_day) -%}
    datediff({{ end_day }}, {{ start_day }})
{%- endmacro %}

{% macro months_between(start_day, end_day) -%}
    cast(
        (year({{ end_day }}) - year({{ start_day }})) * 12
        + month({{ end_day }}) - month({{ start_day }})
        as integer
    )
{%- endmacro %}

{% macro seconds_between(start_moment, end_moment) -%}
    {{ return(adapter.dispatch('seconds_between', 'finview')(start_moment, end_moment)) }}
{%- endmacro %}

{% macro duckdb__seconds_between(start_moment, end_moment) -%}
    cast(date_diff('second', {{ start_moment }}, {{ end_moment }}) as bigint)
{%- endmacro %}

{#- Not `unix_timestamp` of the moment itself: before 1970 it rounds up. -#}
{% macro spark__seconds_between(start_moment, end_moment) -%}
    cast(
        unix_seconds(cast({{ end_moment }} as timestamp_ltz))
        - unix_seconds(cast({{ start_moment }} as timestamp_ltz))
        as bigint
    )
{%- endmacro %}
