{#-
    A `select` of one row with a column for each setting named, from a relation of the columns
    setting_name and setting_value (seeds/tiers/tier_settings.csv).
-#}
{% macro pivoted_settings(relation, names) -%}
    select
        {%- for name in names %}
        max(case when setting_name = '{{ name }}' then setting_value end) as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
{%- endmacro %}
