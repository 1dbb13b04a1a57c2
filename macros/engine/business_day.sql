{#- Business day (date) of a UTC timestamp, in the zone `business_timezone`. -#}
{% macro business_day(timestamp_utc) -%}
    {{ return(adapter.dispatch('business_day', 'finview')(timestamp_utc)) }}
{%- endmacro %}

{% macro duckdb__business_day(timestamp_utc) -%}
    cast(timezone('{{ var("business_timezone") }}', timezone('UTC', {{ timestamp_utc }})) as date)
{%- endmacro %}

{% macro spark__business_day(timestamp_utc) -%}
    to_date(from_utc_timestamp({{ timestamp_utc }}, '{{ var("business_timezone") }}'))
{%- endmacro %}
