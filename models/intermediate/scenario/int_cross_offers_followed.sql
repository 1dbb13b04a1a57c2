-- Grain: one row per user, month of the offer, product line held and other line offered, for users
-- who held exactly one line when offered; with whether they ordered the other line within 90 days.
-- A line is held from an order (not rejected or cancelled) until it matures; payments never do.
{% set days = 90 %}

with offers as (

    select *
    from {{ ref('int_products_offered') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where order_status not in ('rejected', 'cancelled') and product_line is not null

),

holdings as (

    select
        user_key,
        product_line,
        {{ business_day('matured_at') }} as matured_date,
        min(ordered_at) as held_from_at
    from orders
    group by user_key, product_line, {{ business_day('matured_at') }}

),

cross_offers as (

    select
        offers.user_key,
        offers.offered_date,
        offers.first_offered_at,
        offers.product_line as to_line,
        min(holdings.product_line) as from_line
    from offers
    inner join holdings
        on
            offers.user_key = holdings.user_key
            and offers.first_offered_at > holdings.held_from_at
            and (offers.offered_date < holdings.matured_date or holdings.matured_date is null)
    group by
        offers.user_key, offers.offered_date, offers.first_offered_at, offers.product_line
    having
        min(holdings.product_line) = max(holdings.product_line)
        and min(holdings.product_line) <> offers.product_line

),

followed as (

    select
        cross_offers.user_key,
        cross_offers.to_line,
        cross_offers.offered_date
    from cross_offers
    inner join orders
        on
            cross_offers.user_key = orders.user_key
            and cross_offers.to_line = orders.product_line
            and cross_offers.first_offered_at <= orders.ordered_at
            and {{ add_days('cross_offers.offered_date', days) }} >= orders.order_date
    group by cross_offers.user_key, cross_offers.to_line, cross_offers.offered_date

)

select
    cross_offers.user_key,
    {{ period_start('month', 'cross_offers.offered_date') }} as month_date,
    cross_offers.from_line,
    cross_offers.to_line,
    max(case when followed.user_key is not null then 1 else 0 end) = 1 as is_converted
from cross_offers
left join followed
    on
        cross_offers.user_key = followed.user_key
        and cross_offers.to_line = followed.to_line
        and cross_offers.offered_date = followed.offered_date
group by
    cross_offers.user_key, {{ period_start('month', 'cross_offers.offered_date') }},
    cross_offers.from_line, cross_offers.to_line
