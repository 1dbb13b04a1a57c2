{#- The last business day that counts, as a date. Models use it instead of the clock. -#}
{% macro as_of_date() -%}
    cast('{{ var("as_of_date") }}' as date)
{%- endmacro %}
