-- Grain: one row per quarter. Assets at the quarter's end of the users who had a high net worth 12
-- months before, over theirs then, less 1: like for like, and who has left counts with nothing.
-- Mature for complete quarters.
with months as (

    select *
    from {{ ref('fct_user_tier') }}
    where month(month_date) in (3, 6, 9, 12)

),

pairs as (

    select
        now.month_date,
        now.is_complete,
        now.assets_amount,
        before.assets_amount as assets_before_amount
    from months as before
    inner join months as now
        on
            before.user_key = now.user_key
            and now.month_date = {{ add_months('before.month_date', 12) }}
    where before.is_high_net_worth

),

summed as (

    select
        {{ period_start('quarter', 'month_date') }} as quarter_date,
        is_complete,
        sum(coalesce(assets_amount, 0)) as assets,
        sum(assets_before_amount) as assets_before,
        count(*) as users
    from pairs
    group by {{ period_start('quarter', 'month_date') }}, is_complete

)

select
    'quarter' as period_grain,
    quarter_date as period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('assets - assets_before', 'assets_before') }} as kpi_value,
    assets - assets_before as numerator,
    assets_before as denominator,
    users as sample_size,
    is_complete as is_mature
from summed
