-- Grain: one row per month of invitation and cut, from the month of the first invitation on. New
-- users whom invitations of the month brought within 30 days, over users active in the month: that
-- is invitations per active user times conversion per invitation, which the cut `measure` shows
-- apart. The cut `campaign` adds up to the whole; mature once 30 days have passed for all.
with invitations as (

    select
        {{ period_start('month', 'sent_date') }} as month_date,
        coalesce(campaign_id, 'none') as campaign_id,
        case when is_converted then 1 else 0 end as is_converted
    from {{ ref('fct_referral') }}

),

active as (

    select
        month_date,
        count(*) as users
    from {{ ref('agg_user_month') }}
    where is_app_active
    group by month_date

),

firsts as (

    select min(month_date) as first_month_date
    from invitations

),

months as (

    select
        active.month_date,
        active.users
    from active
    inner join firsts
        on active.month_date >= firsts.first_month_date

),

sums as (

    select
        month_date,
        case when grouping(campaign_id) = 0 then 'campaign' else 'all' end as cut_name,
        coalesce(campaign_id, 'all') as cut_value,
        sum(is_converted) as conversions,
        count(*) as invitations
    from invitations
    group by grouping sets ((month_date), (month_date, campaign_id))  -- noqa: PRS

),

month_sums as (

    select *
    from sums
    where cut_name = 'all'

),

totals as (

    select
        months.month_date,
        months.users,
        coalesce(month_sums.conversions, 0) as conversions,
        coalesce(month_sums.invitations, 0) as invitations
    from months
    left join month_sums
        on months.month_date = month_sums.month_date

),

cuts as (

    select
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        conversions as numerator,
        users as denominator,
        invitations as sample_size
    from totals
    union all
    select
        sums.month_date,
        sums.cut_name,
        sums.cut_value,
        sums.conversions as numerator,
        months.users as denominator,
        sums.invitations as sample_size
    from sums
    inner join months
        on sums.month_date = months.month_date
    where sums.cut_name = 'campaign'
    union all
    select
        month_date,
        'measure' as cut_name,
        'invitations_per_user' as cut_value,
        invitations as numerator,
        users as denominator,
        invitations as sample_size
    from totals
    union all
    select
        month_date,
        'measure' as cut_name,
        'conversion_per_invitation' as cut_value,
        conversions as numerator,
        invitations as denominator,
        invitations as sample_size
    from totals
    where invitations > 0

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    sample_size,
    {{ add_days(add_months('month_date', 1), 29) }} <= {{ as_of_date() }} as is_mature
from cuts
