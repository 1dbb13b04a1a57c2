-- Campaigns of the whole platform whose orders, or money paid out, are not those of their days.
with effects as (

    select
        campaign_effect_key,
        start_date,
        end_date,
        order_count,
        disbursed_amount
    from {{ ref('fct_campaign_effect') }}
    where scope_kind = 'platform'

),

orders as (

    select
        order_date,
        case
            when product_line = 'consumer_credit' and is_funded then order_amount
            else cast(0 as decimal(18, 2))
        end as disbursed_amount
    from {{ ref('fct_order') }}

),

counted as (

    select
        effects.campaign_effect_key,
        count(*) as order_count,
        sum(orders.disbursed_amount) as disbursed_amount
    from effects
    inner join orders
        on
            effects.start_date <= orders.order_date
            and effects.end_date >= orders.order_date
    group by effects.campaign_effect_key

)

select
    effects.campaign_effect_key,
    effects.order_count,
    counted.order_count as counted_order_count
from effects
left join counted
    on effects.campaign_effect_key = counted.campaign_effect_key
where
    effects.order_count <> coalesce(counted.order_count, 0)
    or effects.disbursed_amount <> coalesce(counted.disbursed_amount, 0)
