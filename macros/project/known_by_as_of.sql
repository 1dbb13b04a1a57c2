{#-
    A UTC timestamp of something that happens to a row later (paid, opened, resolved), empty where
    it lies after the as-of date: on that day nobody knew it yet.
-#}
{% macro known_by_as_of(timestamp_utc) -%}
    case when {{ business_day(timestamp_utc) }} <= {{ as_of_date() }} then {{ timestamp_utc }} end
{%- endmacro %}
