{#- Which window of so many days since 1970 a business day lies in; -1 where the day is unknown. -#}
{% macro window_number(day, window_days) -%}
    coalesce(
        cast(
            floor({{ days_between("cast('1970-01-01' as date)", day) }} / {{ window_days }})
            as bigint
        ),
        -1
    )
{%- endmacro %}
