{#- Text of a top-level field of a JSON object; null where the field is missing or the text
    is no JSON. -#}
{% macro json_text(json, field) -%}
    {{ return(adapter.dispatch('json_text', 'finview')(json, field)) }}
{%- endmacro %}

{% macro duckdb__json_text(json, field) -%}
    case when json_valid({{ json }}) then json_extract_string({{ json }}, '$.{{ field }}') end
{%- endmacro %}

{% macro spark__json_text(json, field) -%}
    get_json_object({{ json }}, '$.{{ field }}')
{%- endmacro %}
