-- Grain: one row per user, attribute and period in which a value was the golden one (half open).
-- A value counts from when it was observed until a source of at least its trust says another one.
-- The last period has no end: it is the golden record of the as-of date.
with observed as (

    select *
    from {{ ref('int_attributes_observed') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by user_key, attribute_name
            order by
                observed_at asc nulls first,
                trust asc,
                source_name asc,
                customer_id desc,
                attribute_value desc
        ) as observation_number
    from observed

),

compared as (

    select
        *,
        max(trust) over (
            partition by user_key, attribute_name
            order by observation_number
            rows between unbounded preceding and current row
        ) as best_trust
    from numbered

),

winners as (

    select
        *,
        lag(attribute_value) over (
            partition by user_key, attribute_name
            order by observation_number
        ) as previous_value
    from compared
    where trust = best_trust

),

changes as (

    select
        *,
        row_number() over (
            partition by user_key, attribute_name
            order by observation_number
        ) as period_number,
        lead(observed_at) over (
            partition by user_key, attribute_name
            order by observation_number
        ) as valid_to_at,
        lead(observation_number) over (
            partition by user_key, attribute_name
            order by observation_number
        ) as next_number
    from winners
    where previous_value is null or previous_value <> attribute_value

),

conflicts as (

    select
        user_key,
        attribute_name,
        count(distinct attribute_value) as value_count,
        count(distinct source_name) as source_count,
        count(distinct customer_id) as account_count
    from observed
    group by user_key, attribute_name

),

-- Two accounts that disagree today, not one account that changed its mind.
latest as (

    select
        user_key,
        attribute_name,
        attribute_value,
        row_number() over (
            partition by user_key, attribute_name, source_name, customer_id
            order by observation_number desc
        ) as latest_rank
    from numbered

),

disagreements as (

    select
        user_key,
        attribute_name,
        count(distinct attribute_value) as latest_value_count
    from latest
    where latest_rank = 1
    group by user_key, attribute_name

)

select
    changes.user_key,
    changes.attribute_name,
    changes.attribute_value,
    changes.source_name,
    changes.customer_id,
    changes.observed_at,
    case
        when changes.period_number = 1 or changes.observed_at is null
            then cast('1900-01-01 00:00:00' as timestamp)
        else changes.observed_at
    end as valid_from_at,
    changes.valid_to_at,
    changes.next_number is null as is_current,
    conflicts.value_count,
    conflicts.source_count,
    disagreements.latest_value_count > 1 as has_conflict
from changes
inner join conflicts
    on
        changes.user_key = conflicts.user_key
        and changes.attribute_name = conflicts.attribute_name
inner join disagreements
    on
        changes.user_key = disagreements.user_key
        and changes.attribute_name = disagreements.attribute_name
-- Two values of the very same moment: the later one has the period.
where
    changes.next_number is null
    or (changes.valid_to_at is not null and changes.period_number = 1)
    or changes.observed_at < changes.valid_to_at
