-- Grain: one row per registered user, scenario of the list and day counted to: the groups that the
-- user belonged to on that day, and whether the scenario was taken up in the 90 days after (empty
-- for the as-of date).
with profiles as (

    select *
    from {{ ref('int_scenario_profiles_taken') }}

),

scenarios as (

    select *
    from {{ ref('scenarios') }}

),

interests as (

    select *
    from {{ ref('int_scenario_interests_found') }}

)

select
    profiles.user_key,
    scenarios.scenario_code,
    profiles.counted_to_date,
    profiles.snapshot_number,
    coalesce(interests.interest, 'none') as interest,
    profiles.lifecycle_stage,
    profiles.age_band,
    profiles.preferred_product_line,
    case
        when profiles.snapshot_number > 0 then coalesce(interests.is_taken_after, false)
    end as is_taken_after,
    case
        when profiles.snapshot_number > 0
            then coalesce(interests.margin_after_amount, cast(0 as decimal(18, 2)))
    end as margin_after_amount
from profiles
cross join scenarios
left join interests
    on
        profiles.user_key = interests.user_key
        and scenarios.scenario_code = interests.scenario_code
        and profiles.counted_to_date = interests.counted_to_date
