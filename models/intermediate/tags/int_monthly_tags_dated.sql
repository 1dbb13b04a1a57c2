-- Grain: one row per user, monthly tag and period (half open) with the same value.
-- A value is told at the end of a month and stands until the end of the next; equal neighbours are
-- one period.
with valued as (

    select *
    from {{ ref('int_behaviour_tags_valued') }}
    union all
    select *
    from {{ ref('int_preference_tags_valued') }}
    union all
    select *
    from {{ ref('int_value_tags_valued') }}
    union all
    select *
    from {{ ref('int_risk_tags_valued') }}

),

-- Months on end with one value share the month less the number of the row.
numbered as (

    select
        *,
        {{ months_between("cast('1900-01-01' as date)", 'month_date') }} - row_number() over (
            partition by user_key, tag_code, tag_value
            order by month_date
        ) as run_number
    from valued

),

runs as (

    select
        user_key,
        tag_code,
        tag_value,
        min(month_end_date) as valid_from_date,
        max(month_end_date) as computed_date,
        {{ add_days(add_months('max(month_date)', 2), -1) }} as next_end_date
    from numbered
    group by user_key, tag_code, tag_value, run_number

)

select
    user_key,
    tag_code,
    tag_value,
    valid_from_date,
    case
        when next_end_date <= {{ as_of_date() }} then next_end_date
        else cast('9999-12-31' as date)
    end as valid_to_date,
    computed_date
from runs
