-- Grain: one row per month, channel, kind of place (region, city_tier) and place: users acquired
-- and acquisition spend. Spend that names no place follows the users that its channel acquired in
-- the month; where it acquired none, its place is unknown. Parts add up to the ledger to the cent.
{% set places = {'region': 'region_code', 'city_tier': 'city_tier'} %}

with spend as (

    select *
    from {{ ref('fct_spend') }}
    where is_acquisition

),

acquired as (

    select *
    from {{ ref('fct_acquisition') }}

),

users as (
    {% for place_kind, column in places.items() %}
    select
        registration_month as month_date,
        acquisition_channel_code as channel_code,
        '{{ place_kind }}' as place_kind,
        {{ column }} as place_value,
        count(*) as acquired_users
    from acquired
    group by registration_month, acquisition_channel_code, {{ column }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

costs as (
    {% for place_kind, column in places.items() %}
    select
        {{ period_start('month', 'spend_date') }} as month_date,
        channel_code,
        '{{ place_kind }}' as place_kind,
        {{ column }} as place_value,
        cast(sum(cost_amount) as decimal(18, 2)) as cost_amount
    from spend
    group by {{ period_start('month', 'spend_date') }}, channel_code, {{ column }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

running as (

    select
        *,
        sum(acquired_users) over (
            partition by month_date, channel_code, place_kind
            order by place_value
            rows between unbounded preceding and current row
        ) as users_so_far,
        sum(acquired_users) over (
            partition by month_date, channel_code, place_kind
        ) as users_of_channel
    from users

),

-- Of the cost up to this place the cost up to the one before: the parts add up.
shared as (

    select
        running.month_date,
        running.channel_code,
        running.place_kind,
        running.place_value,
        cast({{ ratio(
            'costs.cost_amount * cast(running.users_so_far as decimal(12, 0))',
            'running.users_of_channel',
        ) }} as decimal(18, 2))
        - cast({{ ratio(
            'costs.cost_amount
            * cast(running.users_so_far - running.acquired_users as decimal(12, 0))',
            'running.users_of_channel',
        ) }} as decimal(18, 2)) as cost_amount
    from running
    inner join costs
        on
            running.month_date = costs.month_date
            and running.channel_code = costs.channel_code
            and running.place_kind = costs.place_kind
    where costs.place_value is null

),

combined as (

    select
        month_date,
        channel_code,
        place_kind,
        place_value,
        acquired_users,
        0 as placed_cost,
        0 as shared_cost
    from users
    union all
    select
        month_date,
        channel_code,
        place_kind,
        place_value,
        0 as acquired_users,
        cost_amount as placed_cost,
        0 as shared_cost
    from costs
    where place_value is not null
    union all
    select
        month_date,
        channel_code,
        place_kind,
        place_value,
        0 as acquired_users,
        0 as placed_cost,
        cost_amount as shared_cost
    from shared
    union all
    select
        costs.month_date,
        costs.channel_code,
        costs.place_kind,
        'unknown_' || costs.place_kind as place_value,
        0 as acquired_users,
        0 as placed_cost,
        costs.cost_amount as shared_cost
    from costs
    left join running
        on
            costs.month_date = running.month_date
            and costs.channel_code = running.channel_code
            and costs.place_kind = running.place_kind
    where costs.place_value is null and running.month_date is null

)

select
    month_date,
    channel_code,
    place_kind,
    place_value,
    cast(sum(acquired_users) as bigint) as acquired_users,
    cast(sum(placed_cost) + sum(shared_cost) as decimal(18, 2)) as acquisition_cost_amount,
    cast(sum(placed_cost) as decimal(18, 2)) as placed_cost_amount
from combined
group by month_date, channel_code, place_kind, place_value
