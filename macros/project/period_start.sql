{#- First day (date) of the day, week (Monday), month, quarter or year that holds a date. -#}
{% macro period_start(grain, day) -%}
    cast(date_trunc('{{ grain }}', {{ day }}) as date)
{%- endmacro %}
