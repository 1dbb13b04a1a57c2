-- Grain: one row per month of the launch and team, and one per month for all teams (`all`). Days
-- from brief to launch of campaigns launched by the as-of date.
-- A campaign without a brief, or briefed after its launch, is counted and has no days.
with campaigns as (

    select
        {{ period_start('month', business_day('launched_at')) }} as month_date,
        {{ business_day('launched_at') }} as launch_date,
        coalesce(team, 'unknown') as team,
        case
            when brief_at <= launched_at then {{ seconds_between('brief_at', 'launched_at') }}
        end as cycle_seconds
    from {{ ref('stg_channel__campaigns') }}

),

summed as (

    select
        month_date,
        case when grouping(team) = 0 then team else 'all' end as team,
        count(*) as campaign_count,
        count(cycle_seconds) as timed_campaign_count,
        {{ quantile('cycle_seconds', 0.5) }} as seconds_median,
        {{ quantile('cycle_seconds', 0.9) }} as seconds_p90
    from campaigns
    where launch_date <= {{ as_of_date() }}
    group by grouping sets ((month_date), (month_date, team))  -- noqa: PRS

)

select
    month_date,
    team,
    cast(campaign_count as bigint) as campaign_count,
    cast(timed_campaign_count as bigint) as timed_campaign_count,
    {{ ratio('seconds_median', '86400') }} as days_median,
    {{ ratio('seconds_p90', '86400') }} as days_p90,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_complete
from summed
