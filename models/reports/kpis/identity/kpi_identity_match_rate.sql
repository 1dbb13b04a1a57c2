-- Grain: one row per day and source (a platform, wecom, or social: all platforms but WeCom;
-- headline: everybody). Followers known by the day who had an account by then, over all of them.
with follows as (

    select *
    from {{ ref('fct_social_follow') }}

),

users as (

    select
        user_key,
        is_registered,
        registration_date
    from {{ ref('dim_user') }}

),

days as (

    select distinct period_start_date
    from {{ ref('dim_period') }}
    where period_grain = 'day'

),

-- A platform that keeps no date of its followers: they were there before the first day.
followers as (

    select
        user_key,
        platform,
        coalesce(followed_date, cast('1900-01-01' as date)) as followed_date
    from follows

),

sources as (

    select
        'source' as cut_name,
        platform as cut_value,
        user_key,
        followed_date
    from followers
    union all
    select
        'source' as cut_name,
        'social' as cut_value,
        user_key,
        followed_date
    from followers
    where platform <> 'wecom'
    union all
    select
        'all' as cut_name,
        'all' as cut_value,
        user_key,
        followed_date
    from followers

),

firsts as (

    select
        cut_name,
        cut_value,
        user_key,
        min(followed_date) as followed_date
    from sources
    group by cut_name, cut_value, user_key

),

changes as (

    select
        firsts.cut_name,
        firsts.cut_value,
        firsts.followed_date as change_date,
        1 as followers,
        0 as matched_count
    from firsts
    union all
    select
        firsts.cut_name,
        firsts.cut_value,
        greatest(firsts.followed_date, coalesce(users.registration_date, firsts.followed_date))
            as change_date,
        0 as followers,
        1 as matched_count
    from firsts
    inner join users
        on firsts.user_key = users.user_key
    where users.is_registered

),

daily as (

    select
        cut_name,
        cut_value,
        change_date,
        sum(followers) as followers,
        sum(matched_count) as matched_count
    from changes
    group by cut_name, cut_value, change_date

),

running as (

    select
        cut_name,
        cut_value,
        change_date,
        cast(sum(followers) over (
            partition by cut_name, cut_value
            order by change_date
            rows between unbounded preceding and current row
        ) as bigint) as followers,
        cast(sum(matched_count) over (
            partition by cut_name, cut_value
            order by change_date
            rows between unbounded preceding and current row
        ) as bigint) as matched_count,
        lead(change_date) over (
            partition by cut_name, cut_value
            order by change_date
        ) as next_date
    from daily

)

select
    'day' as period_grain,
    days.period_start_date,
    running.cut_name,
    running.cut_value,
    {{ ratio('running.matched_count', 'running.followers') }} as kpi_value,
    running.matched_count as numerator,
    running.followers as denominator,
    running.followers as sample_size,
    true as is_mature
from running
inner join days
    on
        running.change_date <= days.period_start_date
        and coalesce(running.next_date, cast('9999-12-31' as date)) > days.period_start_date
