{#- Continuous quantile (0 to 1) of an expression over a group, as decimal(24,6). -#}
{% macro quantile(expression, fraction) -%}
    {{ return(adapter.dispatch('quantile', 'finview')(expression, fraction)) }}
{%- endmacro %}

{% macro duckdb__quantile(expression, fraction) -%}
    cast(quantile_cont(cast({{ expression }} as double), {{ fraction }}) as decimal(24, 6))
{%- endmacro %}

{% macro spark__quantile(expression, fraction) -%}
    cast(percentile(cast({{ expression }} as double), {{ fraction }}) as decimal(24, 6))
{%- endmacro %}
