-- Grain: one row per month, platform and measure (impressions, clicks, conversions): what the
-- platform reports beside what we observe: touches in our log, registrations attributed to its
-- campaigns. The log knows a part of the devices only, so a month is not held against 1 but against
-- the platform's own twelve months before.
{% set measures = {
    'impressions': ('impressions', 'observed_impressions'),
    'clicks': ('clicks', 'observed_clicks'),
    'conversions': ('platform_conversions', 'acquired_users'),
} %}
{% set tolerance = var('spend_check_tolerance_percent') %}
{% set minimum = var('spend_check_minimum_count') %}

with campaigns as (

    select *
    from {{ ref('agg_campaign_month') }}
    where platform <> 'unknown'

),

months as (

    select
        period_start_date as month_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month' and date_day = period_start_date

),

counts as (
    {% for measure, (reported, observed) in measures.items() %}
    select
        month_date,
        platform,
        '{{ measure }}' as measure_name,
        cast(sum({{ reported }}) as bigint) as reported_count,
        cast(sum({{ observed }}) as bigint) as observed_count
    from campaigns
    group by month_date, platform
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

-- What a platform does not count itself cannot be checked.
checked as (

    select *
    from counts
    where reported_count > 0 or (measure_name <> 'conversions' and observed_count > 0)

),

running as (

    select
        *,
        sum(reported_count) over (
            partition by platform, measure_name
            order by month_date
            rows between 12 preceding and 1 preceding
        ) as reported_before,
        sum(observed_count) over (
            partition by platform, measure_name
            order by month_date
            rows between 12 preceding and 1 preceding
        ) as observed_before
    from checked

),

ratios as (

    select
        running.month_date,
        running.platform,
        running.measure_name,
        months.is_complete,
        running.reported_count,
        running.observed_count,
        {{ ratio('running.observed_count', 'running.reported_count') }} as observed_ratio,
        case
            when running.reported_before >= {{ minimum }}
                then {{ ratio('running.observed_before', 'running.reported_before') }}
        end as usual_ratio
    from running
    inner join months
        on running.month_date = months.month_date

),

judged as (

    select
        *,
        case
            when
                not is_complete
                or greatest(observed_count, coalesce(reported_count * usual_ratio, 0))
                < {{ minimum }}
                then null
            when reported_count = 0 then 'nothing_reported'
            when measure_name <> 'conversions' and observed_count > reported_count
                then 'more_than_reported'
            when abs(observed_ratio - usual_ratio) * 100 > usual_ratio * {{ tolerance }}
                then 'unlike_before'
        end as off_reason
    from ratios

)

select
    judged.month_date,
    judged.platform,
    platforms.platform_name_en,
    platforms.platform_name_zh,
    judged.measure_name,
    judged.is_complete,
    judged.reported_count,
    judged.observed_count,
    judged.observed_ratio,
    judged.usual_ratio,
    judged.off_reason is not null as is_off,
    judged.off_reason
from judged
left join {{ ref('platforms') }} as platforms
    on judged.platform = platforms.platform
