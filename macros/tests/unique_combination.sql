{#-
    Generic test: no two rows share the same values in `columns` (nulls compare as equal).
    Failing rows: the repeated combination and how often it stands.
-#}
{% test unique_combination(model, columns) %}

    select
        {{ columns | join(', ') }},
        count(*) as row_count
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1

{% endtest %}
