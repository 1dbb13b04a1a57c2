-- Grain: one row per quarter and cut. Margin of the 12 months that end with the quarter per user
-- who ordered in them: of bundles tied to a scenario (also by scenario), and of products of no
-- scenario (traditional). Rejected and cancelled orders are left out. Mature where orders cover 12
-- months.
with orders as (

    select
        user_key,
        order_date,
        scenario_code,
        is_bundle,
        margin_amount
    from {{ ref('fct_order') }}
    where order_status not in ('rejected', 'cancelled')

),

observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

quarters as (

    select
        period_start_date,
        period_end_date,
        {{ add_months(add_days('period_end_date', 1), -12) }} as from_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'quarter'
    group by period_start_date, period_end_date, is_complete

),

kinds as (

    select
        user_key,
        order_date,
        'product_kind' as cut_name,
        case when scenario_code is null then 'traditional' else 'bundle' end as cut_value,
        margin_amount
    from orders
    where scenario_code is null or is_bundle
    union all
    select
        user_key,
        order_date,
        'scenario' as cut_name,
        scenario_code as cut_value,
        margin_amount
    from orders
    where scenario_code is not null and is_bundle

),

summed as (

    select
        quarters.period_start_date,
        quarters.period_end_date,
        quarters.is_complete,
        kinds.cut_name,
        kinds.cut_value,
        sum(kinds.margin_amount) as margin,
        count(distinct kinds.user_key) as users
    from quarters
    inner join kinds
        on
            quarters.from_date <= kinds.order_date
            and quarters.period_end_date >= kinds.order_date
    group by
        quarters.period_start_date, quarters.period_end_date, quarters.is_complete, kinds.cut_name,
        kinds.cut_value

)

select
    'quarter' as period_grain,
    summed.period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.margin', 'summed.users') }} as kpi_value,
    summed.margin as numerator,
    summed.users as denominator,
    summed.users as sample_size,
    summed.is_complete
    and {{ add_months('observed.first_date', 12) }} <= {{ add_days('summed.period_end_date', 1) }}
        as is_mature
from summed
cross join observed
