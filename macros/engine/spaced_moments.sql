{#-
    A `select` of the key columns and a moment: of the moments of each key the first, and then each
    that comes first at or after `spacing_days` days (of 24 hours) since the one kept before. What
    is kept depends on what was kept before, which no window function can say.
    `keys` and `spacing_days` are columns of the relation; spacing_days is one number for each key.
-#}
{% macro spaced_moments(relation, keys, moment, spacing_days) -%}
    {{ return(adapter.dispatch('spaced_moments', 'finview')(relation, keys, moment, spacing_days)) }}
{%- endmacro %}

{% macro duckdb__spaced_moments(relation, keys, moment, spacing_days) -%}
    select
        {{ keys | join(', ') }},
        {{ spacing_days }},
        unnest(
            list_reduce(
                list_transform(list_sort(list_distinct(list({{ moment }}))), lambda one: [one]),
                lambda kept, one: case
                    when one[1] >= kept[-1] + to_hours(24 * cast({{ spacing_days }} as bigint))
                        then list_concat(kept, one)
                    else kept
                end
            )
        ) as {{ moment }}
    from {{ relation }}
    group by {{ keys | join(', ') }}, {{ spacing_days }}
{%- endmacro %}

{#- Arrays before the fold: an aggregate inside the lambda's call would be no plain expression. -#}
{% macro spark__spaced_moments(relation, keys, moment, spacing_days) -%}
    select
        {{ keys | join(', ') }},
        {{ spacing_days }},
        explode(
            aggregate(
                moments,
                cast(array() as array<timestamp>),
                (kept, one) -> case
                    when
                        coalesce(
                            one >= try_element_at(kept, -1)
                            + make_dt_interval(cast({{ spacing_days }} as int)),
                            true
                        )
                        then concat(kept, array(one))
                    else kept
                end
            )
        ) as {{ moment }}
    from (
        select
            {{ keys | join(', ') }},
            {{ spacing_days }},
            sort_array(collect_set({{ moment }})) as moments
        from {{ relation }}
        group by {{ keys | join(', ') }}, {{ spacing_days }}
    ) as collected
{%- endmacro %}
