-- Periods of a user's tag that end before they begin, overlap, or repeat a value without a gap,
-- that begin after the as-of date, or whose value was computed after they ended.
with periods as (

    select
        user_key,
        tag_code,
        tag_value,
        valid_from_date,
        valid_to_date,
        computed_date,
        lead(valid_from_date) over (
            partition by user_key, tag_code
            order by valid_from_date, valid_to_date
        ) as next_from_date,
        lead(tag_value) over (
            partition by user_key, tag_code
            order by valid_from_date, valid_to_date
        ) as next_value
    from {{ ref('fct_user_tag') }}

)

select *
from periods
where
    valid_from_date >= valid_to_date
    or valid_from_date > {{ as_of_date() }}
    or computed_date >= valid_to_date
    or computed_date > {{ as_of_date() }}
    or valid_to_date > next_from_date
    or (valid_to_date = next_from_date and tag_value = next_value)
