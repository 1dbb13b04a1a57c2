{#- The last business day that counts, as a date. Models use it instead of the clock. -#}
{% macro as_of_date() -%}
    cast('{{ as_of_text() }}' as date)
{%- endmacro %}

{#-
    The same as text. A run names the day in its environment, and only while it executes: a variable
    that changes every day, or one read while parsing, would make dbt read the whole project anew.
-#}
{% macro as_of_text() -%}
    {%- set by_variable = var('as_of_date') -%}
    {{ return(env_var('FINVIEW_AS_OF_DATE', by_variable) if execute else by_variable) }}
{%- endmacro %}
