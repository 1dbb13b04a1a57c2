-- Conversions whose shares do not add up to one conversion in some model, or that have no row.
{% set models = [
    'last', 'first', 'last_non_direct', 'linear', 'position', 'time_decay', 'shapley',
] %}
with summed as (

    select
        conversion_kind,
        conversion_id,
        {% for model in models %}
        sum({{ model }}_share) as {{ model }}_sum,
        {% endfor %}
        coalesce(sum(markov_share), 1) as markov_sum
    from {{ ref('fct_attribution') }}
    group by conversion_kind, conversion_id

),

conversions as (

    select
        'registration' as conversion_kind,
        user_key as conversion_id
    from {{ ref('dim_user') }}
    where registration_date is not null
    union all
    select
        'order' as conversion_kind,
        order_id as conversion_id
    from {{ ref('fct_order') }}

)

select
    conversions.conversion_kind,
    conversions.conversion_id
from conversions
left join summed
    on
        conversions.conversion_kind = summed.conversion_kind
        and conversions.conversion_id = summed.conversion_id
where
    summed.conversion_id is null
    or summed.markov_sum <> 1
    {% for model in models %}
    or summed.{{ model }}_sum <> 1
    {% endfor %}
