-- Grain: one row per month and cut. Members of a community group with a message, reply, like, share
-- or click in it, over its members in the month. In the headline a member of two groups is one.
with members as (

    select *
    from {{ ref('int_group_months_counted') }}

),

users as (

    select
        month_date,
        person_key,
        'all' as cut_name,
        'all' as cut_value,
        max(case when interaction_count > 0 then 1 else 0 end) as is_active
    from members
    group by month_date, person_key
    union all
    select
        month_date,
        person_key,
        'group' as cut_name,
        group_id as cut_value,
        case when interaction_count > 0 then 1 else 0 end as is_active
    from members

),

summed as (

    select
        month_date,
        cut_name,
        cut_value,
        sum(is_active) as numerator,
        count(*) as denominator
    from users
    group by month_date, cut_name, cut_value

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
from summed
