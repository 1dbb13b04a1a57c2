{#- Hour of the day (0 to 23) of a UTC timestamp, in the zone `business_timezone`. -#}
{% macro business_hour(timestamp_utc) -%}
    {{ return(adapter.dispatch('business_hour', 'finview')(timestamp_utc)) }}
{%- endmacro %}

{% macro duckdb__business_hour(timestamp_utc) -%}
    extract(hour from timezone('{{ var("business_timezone") }}', timezone('UTC', {{ timestamp_utc }})))
{%- endmacro %}

{% macro spark__business_hour(timestamp_utc) -%}
    hour(from_utc_timestamp({{ timestamp_utc }}, '{{ var("business_timezone") }}'))
{%- endmacro %}
