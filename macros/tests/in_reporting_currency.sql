{#-
    Generic test: every amount is in the reporting currency. Amounts in another currency would be
    added up as if they were in it.
-#}
{% test in_reporting_currency(model, column_name) %}

    select
        {{ column_name }},
        count(*) as row_count
    from {{ model }}
    where {{ column_name }} is null or {{ column_name }} <> '{{ var("reporting_currency") }}'
    group by {{ column_name }}

{% endtest %}
