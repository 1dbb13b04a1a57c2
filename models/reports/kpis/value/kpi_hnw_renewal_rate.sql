-- Grain: one row per quarter. Of the wealth orders that matured in it, of users who had a high net
-- worth at the end of the month before, those renewed within 30 days of maturity. What matures
-- takes the assets with it: the month of maturity itself would leave out who did not renew.
-- Mature 30 days after the quarter.
with orders as (

    select
        *,
        {{ business_day('matured_at') }} as matured_date
    from {{ ref('fct_order') }}
    where order_status not in ('rejected', 'cancelled')

),

holders as (

    select *
    from {{ ref('fct_user_tier') }}
    where is_high_net_worth

),

renewals as (

    select
        renewed_from_order_id,
        min(order_date) as renewal_date
    from orders
    where renewed_from_order_id is not null
    group by renewed_from_order_id

),

matured as (

    select
        orders.matured_date,
        {{ period_start('quarter', 'orders.matured_date') }} as quarter_date,
        renewals.renewal_date
    from orders
    inner join holders
        on
            orders.user_key = holders.user_key
            and {{ period_start('month', 'orders.matured_date') }}
            = {{ add_months('holders.month_date', 1) }}
    left join renewals
        on orders.order_id = renewals.renewed_from_order_id
    where orders.product_line = 'wealth' and orders.matured_date <= {{ as_of_date() }}

),

summed as (

    select
        quarter_date,
        sum(
            case when renewal_date <= {{ add_days('matured_date', 30) }} then 1 else 0 end
        ) as numerator,
        count(*) as denominator
    from matured
    group by quarter_date

)

select
    'quarter' as period_grain,
    quarter_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    {{ add_days(add_months('quarter_date', 3), 29) }} <= {{ as_of_date() }} as is_mature
from summed
