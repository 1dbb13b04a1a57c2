-- Periods of a user's lifecycle that overlap or leave a gap, or that repeat the stage before.
with periods as (

    select
        user_key,
        lifecycle_stage,
        valid_from_date,
        valid_to_date,
        lead(valid_from_date) over (
            partition by user_key
            order by valid_from_date
        ) as next_from_date,
        lead(lifecycle_stage) over (
            partition by user_key
            order by valid_from_date
        ) as next_stage
    from {{ ref('fct_user_lifecycle') }}

)

select *
from periods
where
    valid_from_date >= valid_to_date
    or valid_to_date <> coalesce(next_from_date, cast('9999-12-31' as date))
    or lifecycle_stage = next_stage
