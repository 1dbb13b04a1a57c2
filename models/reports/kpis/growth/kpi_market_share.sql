-- Grain: one row per year and cut that the list of industry sizes names. Users with an app event or
-- an order in the year (of a product line: with an order of it that was not rejected or cancelled)
-- over the users of the industry. Mature where activity reaches back to the year's first week.
with days as (

    select *
    from {{ ref('agg_user_day') }}

),

orders as (

    select *
    from {{ ref('fct_order') }}
    where order_status not in ('rejected', 'cancelled') and product_line is not null

),

industry as (

    select *
    from {{ ref('industry_users') }}
    where industry_users > 0

),

observed as (

    select min(activity_date) as first_date
    from days

),

used as (

    select
        {{ period_start('year', 'activity_date') }} as year_date,
        'all' as cut_name,
        'all' as cut_value,
        count(distinct user_key) as users
    from days
    group by {{ period_start('year', 'activity_date') }}
    union all
    select
        {{ period_start('year', 'order_date') }} as year_date,
        'product_line' as cut_name,
        product_line as cut_value,
        count(distinct user_key) as users
    from orders
    group by {{ period_start('year', 'order_date') }}, product_line

)

select
    'year' as period_grain,
    used.year_date as period_start_date,
    used.cut_name,
    used.cut_value,
    {{ ratio('used.users', 'industry.industry_users') }} as kpi_value,
    used.users as numerator,
    industry.industry_users as denominator,
    used.users as sample_size,
    {{ add_months('used.year_date', 12) }} <= {{ add_days(as_of_date(), 1) }}
    and {{ add_days('used.year_date', 6) }} >= observed.first_date as is_mature
from used
cross join observed
inner join industry
    on
        year(used.year_date) = industry.year
        and used.cut_value = industry.product_line
