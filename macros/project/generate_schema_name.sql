{#- The schema is the layer: `marts`, not `<target>_marts`, so that SQL reads the same everywhere. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
