{#-
    numerator / denominator as decimal(24,6), rounded half away from zero; null where the
    denominator is null or 0. Both engines divide decimals differently, hence the dispatch.
-#}
{% macro ratio(numerator, denominator) -%}
    {{ return(adapter.dispatch('ratio', 'finview')(numerator, denominator)) }}
{%- endmacro %}

{% macro duckdb__ratio(numerator, denominator) -%}
    cast(
        round(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), 6)
        as decimal(24, 6)
    )
{%- endmacro %}

{% macro spark__ratio(numerator, denominator) -%}
    cast(
        cast({{ numerator }} as decimal(24, 6))
        / nullif(cast({{ denominator }} as decimal(24, 6)), 0)
        as decimal(24, 6)
    )
{%- endmacro %}
