{#-
    Continuous quantile (0 to 1, at most 6 decimals) of an expression over a group, as
    decimal(24,6), rounded half away from zero; null for a group without values. Between two values
    it is interpolated in decimals: as doubles the engines differ in the last digit, and so in how
    a half is rounded.
-#}
{% macro quantile(expression, fraction) -%}
    {%- set position = "(cast(greatest(count(" ~ expression ~ ") - 1, 0) as decimal(12, 0))"
        ~ " * cast(" ~ fraction ~ " as decimal(7, 6)))" -%}
    {%- set lower = finview.nth_smallest(expression, "floor(" ~ position ~ ")") -%}
    {%- set upper = finview.nth_smallest(expression, "ceil(" ~ position ~ ")") -%}
    cast(
        {{ lower }} + ({{ upper }} - {{ lower }})
        * cast({{ position }} - floor({{ position }}) as decimal(7, 6))
        as decimal(24, 6)
    )
{%- endmacro %}

{#- The value at a position (from 0) among the sorted values of a group, nulls left out. -#}
{% macro nth_smallest(expression, position) -%}
    {{ return(adapter.dispatch('nth_smallest', 'finview')(expression, position)) }}
{%- endmacro %}

{% macro duckdb__nth_smallest(expression, position) -%}
    list_extract(
        list(cast({{ expression }} as decimal(24, 6)) order by {{ expression }} nulls last),
        cast({{ position }} as bigint) + 1
    )
{%- endmacro %}

{% macro spark__nth_smallest(expression, position) -%}
    get(
        sort_array(collect_list(cast({{ expression }} as decimal(24, 6)))),
        cast({{ position }} as int)
    )
{%- endmacro %}
