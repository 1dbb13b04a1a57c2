-- Grain: one row per user with an account and period in which the golden record was the same.
-- The first period has no beginning and the last no end: every moment of a user finds one row.
{% set attributes = ['gender', 'city_code', 'income_band', 'occupation'] %}

with survived as (

    select *
    from {{ ref('int_attributes_survived') }}
    where attribute_name <> 'birth_date'

),

users as (

    select user_key
    from {{ ref('int_users_surviving') }}

),

-- Every user begins with a row, whether anything is known by then or not.
points as (

    select
        user_key,
        cast('1900-01-01 00:00:00' as timestamp) as valid_from_at
    from users
    union
    select
        user_key,
        valid_from_at
    from survived

),

changed as (

    select
        points.user_key,
        points.valid_from_at,
        -- noqa: disable=LT02
        {% for attribute in attributes %}
        max(case when survived.attribute_name = '{{ attribute }}' then survived.attribute_value end)
            as {{ attribute }}{{ ',' if not loop.last }}
        {% endfor %}
    from points
    left join survived
        on
            points.user_key = survived.user_key
            and points.valid_from_at = survived.valid_from_at
    group by points.user_key, points.valid_from_at

),

-- A value stands until the next one: the number of values so far names the stretch it stands in.
stretches as (

    select
        *,
        {% for attribute in attributes %}
        count({{ attribute }}) over (
            partition by user_key
            order by valid_from_at
            rows between unbounded preceding and current row
        ) as {{ attribute }}_stretch,
        {% endfor %}
        row_number() over (partition by user_key order by valid_from_at) as version_number,
        lead(valid_from_at) over (partition by user_key order by valid_from_at) as valid_to_at
    from changed

)

select
    {{ surrogate_key(['user_key', 'version_number']) }} as user_history_key,
    user_key,
    cast(version_number as bigint) as version_number,
    case when version_number > 1 then valid_from_at end as valid_from_at,
    valid_to_at,
    valid_to_at is null as is_current,
    {% for attribute in attributes %}
    max({{ attribute }}) over (partition by user_key, {{ attribute }}_stretch)
        as {{ attribute }}{{ ',' if not loop.last }}
    {% endfor %}
from stretches
