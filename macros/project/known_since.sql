{#-
    A value that came to be at a UTC timestamp (a decision, an answer), empty where that lies after
    the as-of date. A value without time is taken as known.
-#}
{% macro known_since(timestamp_utc, value) -%}
    case
        when coalesce({{ business_day(timestamp_utc) }} <= {{ as_of_date() }}, true) then {{ value }}
    end
{%- endmacro %}
