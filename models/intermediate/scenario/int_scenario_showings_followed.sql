-- Grain: one row per user, month and scenario of which a product was shown in the month, with
-- whether the user ordered a product within 7 days of being shown it. Rejected and cancelled
-- orders are none.
{% set days = 7 %}

with showings as (

    select *
    from {{ ref('int_products_shown') }}
    where scenario_code is not null

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}
    where order_status not in ('rejected', 'cancelled')

),

followed as (

    select
        showings.user_key,
        showings.product_id,
        showings.shown_date
    from showings
    inner join orders
        on
            showings.user_key = orders.user_key
            and showings.product_id = orders.product_id
            and showings.first_shown_at <= orders.ordered_at
            and {{ add_days('showings.shown_date', days) }} >= orders.order_date
    group by showings.user_key, showings.product_id, showings.shown_date

)

select
    showings.user_key,
    {{ period_start('month', 'showings.shown_date') }} as month_date,
    showings.scenario_code,
    max(case when followed.user_key is not null then 1 else 0 end) = 1 as is_converted
from showings
left join followed
    on
        showings.user_key = followed.user_key
        and showings.product_id = followed.product_id
        and showings.shown_date = followed.shown_date
group by
    showings.user_key, {{ period_start('month', 'showings.shown_date') }}, showings.scenario_code
