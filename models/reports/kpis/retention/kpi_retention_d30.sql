-- Grain: one row per period of registration and cut. Registered users with an app event again.
-- Headline: in the 7 days around day 30 (days 27 to 33). The cut `window` shows day 30 exactly
-- and days 1 to 30.
with users as (

    select
        usr.user_key,
        usr.registration_date,
        coalesce(chn.channel_group, 'unmapped') as channel_group,
        coalesce(chn.channel_group || '/' || chn.channel_code, 'unmapped') as channel_path
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

days as (

    select
        user_key,
        activity_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

-- Users registered before the first delivered event cannot be seen coming back.
observed as (

    select min(activity_date) as first_date
    from days

),

returned as (

    select
        users.user_key,
        users.registration_date,
        users.channel_group,
        users.channel_path,
        max(
            case
                when
                    {{ days_between('users.registration_date', 'days.activity_date') }}
                    between 27 and 33
                    then 1
                else 0
            end
        ) as came_around_30,
        max(
            case
                when {{ days_between('users.registration_date', 'days.activity_date') }} = 30 then 1
                else 0
            end
        ) as came_on_30,
        max(
            case
                when
                    {{ days_between('users.registration_date', 'days.activity_date') }}
                    between 1 and 30
                    then 1
                else 0
            end
        ) as came_within_30
    from users
    inner join observed
        on users.registration_date >= observed.first_date
    left join days
        on
            users.user_key = days.user_key
            and users.registration_date < days.activity_date
            and days.activity_date <= {{ add_days('users.registration_date', 33) }}
    group by
        users.user_key, users.registration_date, users.channel_group, users.channel_path

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        {{ add_days('prd.period_end_date', 33) }} <= {{ as_of_date() }} as is_mature,
        case
            when grouping(returned.channel_path) = 0 then 'channel'
            when grouping(returned.channel_group) = 0 then 'channel_group'
            else 'all'
        end as cut_name,
        coalesce(returned.channel_path, returned.channel_group, 'all') as cut_value,
        sum(returned.came_around_30) as came_around_30,
        sum(returned.came_on_30) as came_on_30,
        sum(returned.came_within_30) as came_within_30,
        count(*) as users
    from returned
    inner join {{ ref('dim_period') }} as prd
        on returned.registration_date = prd.date_day
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date),
        (prd.period_grain, prd.period_start_date, prd.period_end_date, returned.channel_group),
        (
            prd.period_grain, prd.period_start_date, prd.period_end_date,
            returned.channel_group, returned.channel_path
        )
    )

),

windows as (

    select
        period_grain,
        period_start_date,
        cut_name,
        cut_value,
        came_around_30 as numerator,
        users as denominator,
        is_mature
    from summed
    {% for column, label in [('came_on_30', 'exact_day'), ('came_within_30', 'within_30_days')] %}
    union all
    select
        period_grain,
        period_start_date,
        'window' as cut_name,
        '{{ label }}' as cut_value,
        {{ column }} as numerator,
        users as denominator,
        is_mature
    from summed
    where cut_name = 'all'
    {% endfor %}

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from windows
