-- Grain: one row per registered user and day counted to (the as-of date, 90 and 180 days before it)
-- with what was known of the user on that day: lifecycle stage, age band, preferred product line.
-- The preference is that of the last month that had ended: a later order is no feature.
{% set outcome_days = 90 %}

with registered as (

    select *
    from {{ ref('int_users_registered') }}

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}

),

stages as (

    select *
    from {{ ref('int_lifecycle_stages_derived') }}

),

preferences as (

    select *
    from {{ ref('int_preferences_ranked') }}
    where preference_kind = 'product_line'

),

snapshots as (
    {% for number in range(3) %}
    select
        {{ add_days(as_of_date(), -outcome_days * number) }} as counted_to_date,
        {{ number }} as snapshot_number
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

users as (

    select
        registered.user_key,
        accounts.birth_date,
        snapshots.counted_to_date,
        snapshots.snapshot_number,
        {{ add_months(period_start('month', add_days('snapshots.counted_to_date', 1)), -1) }}
            as ended_month_date
    from registered
    inner join accounts
        on registered.user_key = accounts.user_key
    inner join snapshots
        on registered.registration_date <= snapshots.counted_to_date

)

select
    users.user_key,
    users.counted_to_date,
    cast(users.snapshot_number as integer) as snapshot_number,
    coalesce(stages.lifecycle_stage, 'unknown') as lifecycle_stage,
    case
        when users.birth_date is null then 'unknown'
        when {{ add_months('users.birth_date', 12 * 18) }} > users.counted_to_date then 'under_18'
        when {{ add_months('users.birth_date', 12 * 25) }} > users.counted_to_date then '18_24'
        when {{ add_months('users.birth_date', 12 * 35) }} > users.counted_to_date then '25_34'
        when {{ add_months('users.birth_date', 12 * 45) }} > users.counted_to_date then '35_44'
        when {{ add_months('users.birth_date', 12 * 60) }} > users.counted_to_date then '45_59'
        else '60_plus'
    end as age_band,
    coalesce(preferences.preference_value, 'none') as preferred_product_line
from users
left join stages
    on
        users.user_key = stages.user_key
        and users.counted_to_date >= stages.valid_from_date
        and users.counted_to_date < stages.valid_to_date
left join preferences
    on
        users.user_key = preferences.user_key
        and users.ended_month_date = preferences.month_date
