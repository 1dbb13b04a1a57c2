-- Grain: one row per period grain (day, week, month, quarter, year) and calendar day in it.
-- Joining a daily fact to it gives every grain at once, without averaging ratios. It begins on the
-- first of a month, so that monthly facts, which stand on that day, find their period too.
with bounds as (

    select {{ period_start('month', 'min(activity_date)') }} as first_date
    from (
        select min(activity_date) as activity_date
        from {{ ref('agg_user_day') }}
        union all
        select min(activity_date) as activity_date
        from {{ ref('agg_channel_day') }}
        union all
        select min(touch_date) as activity_date
        from {{ ref('fct_touch') }}
        union all
        select min(registration_date) as activity_date
        from {{ ref('dim_user') }}
        union all
        select min(opened_date) as activity_date
        from {{ ref('fct_ticket') }}
    ) as first_days

),

days as (

    {{
        date_series(
            "(select coalesce(min(first_date), " ~ as_of_date() ~ ") from bounds)", as_of_date()
        )
    }}

),

periods as (

    {% for grain in ['day', 'week', 'month', 'quarter', 'year'] %}
    select
        '{{ grain }}' as period_grain,
        date_day,
        {{ period_start(grain, 'date_day') }} as period_start_date
    from days
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

ended as (

    select
        *,
        case period_grain
            when 'day' then period_start_date
            when 'week' then {{ add_days('period_start_date', 6) }}
            when 'month' then {{ add_days(add_months('period_start_date', 1), -1) }}
            when 'quarter' then {{ add_days(add_months('period_start_date', 3), -1) }}
            else {{ add_days(add_months('period_start_date', 12), -1) }}
        end as period_end_date
    from periods

)

select
    period_grain,
    date_day,
    period_start_date,
    period_end_date,
    period_end_date <= {{ as_of_date() }} as is_complete
from ended
