-- Grain: one row per year of registration, channel group (and all), measure and horizon: cohorts of
-- the year that are old enough for the horizon, put together, and how far they are from the online.
with cohorts as (

    select
        {{ period_start('year', 'cohort_month') }} as cohort_year,
        channel_group,
        measure,
        horizon,
        users,
        retained_users
    from {{ ref('agg_retention_curve') }}
    where is_mature

),

pooled as (

    select
        cohort_year,
        channel_group,
        measure,
        horizon,
        count(*) as cohorts,
        sum(users) as users,
        sum(retained_users) as retained_users
    from cohorts
    group by cohort_year, channel_group, measure, horizon

),

rated as (

    select
        *,
        {{ ratio('retained_users', 'users') }} as retained_ratio
    from pooled

),

online as (

    select *
    from rated
    where channel_group = 'online'

)

select
    rated.cohort_year,
    rated.channel_group,
    rated.measure,
    rated.horizon,
    cast(rated.cohorts as bigint) as cohort_count,
    cast(rated.users as bigint) as users,
    cast(rated.retained_users as bigint) as retained_users,
    rated.retained_ratio,
    cast(rated.retained_ratio - online.retained_ratio as decimal(24, 6)) as gap_to_online
from rated
left join online
    on
        rated.cohort_year = online.cohort_year
        and rated.measure = online.measure
        and rated.horizon = online.horizon
