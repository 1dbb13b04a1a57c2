-- Grain: one row per month and cut. Marketing messages per unified user contacted in the month.
-- The cut `channel` counts the messages of a channel's campaigns and the users who got one of them,
-- `tier` the users by their tier at the month's end. The cut `measure` shows the share of messages
-- that repeat a campaign of the seven days before through another message channel.
with users as (

    select
        month_date,
        user_key,
        coalesce(tier_code, 'not_tiered') as tier_code,
        contact_count,
        duplicate_contact_count
    from {{ ref('agg_user_month') }}
    where contact_count > 0

),

channel_users as (

    select
        {{ period_start('month', 'tch.touch_date') }} as month_date,
        tch.user_key,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped') as channel_path,
        count(*) as contact_count
    from {{ ref('fct_touch') }} as tch
    left join {{ ref('channels') }} as chn
        on tch.channel_code = chn.channel_code
    where tch.is_marketing_message and tch.user_key is not null
    group by
        {{ period_start('month', 'tch.touch_date') }},
        tch.user_key,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped')

),

months as (

    select
        month_date,
        case when grouping(tier_code) = 0 then 'tier' else 'all' end as cut_name,
        coalesce(tier_code, 'all') as cut_value,
        sum(contact_count) as contacts,
        sum(duplicate_contact_count) as duplicates,
        count(*) as users
    from users
    group by grouping sets ((month_date), (month_date, tier_code))  -- noqa: PRS

),

cuts as (

    select
        month_date,
        cut_name,
        cut_value,
        contacts as numerator,
        users as denominator
    from months
    union all
    select
        month_date,
        'channel' as cut_name,
        channel_path as cut_value,
        sum(contact_count) as numerator,
        count(*) as denominator
    from channel_users
    group by month_date, channel_path
    union all
    select
        month_date,
        'measure' as cut_name,
        'duplicate_share' as cut_value,
        duplicates as numerator,
        contacts as denominator
    from months
    where cut_name = 'all'

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from cuts
