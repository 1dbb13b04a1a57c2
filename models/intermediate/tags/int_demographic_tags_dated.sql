-- Grain: one row per user with an account, demographic tag and period (half open) with the same
-- value. A value counts from the day it was told, not before; one whose day is unknown from the
-- beginning. Sources whose value may change with later data (most_frequent) are left out.
with survived as (

    select *
    from {{ ref('int_attributes_survived') }}

),

sources as (

    select *
    from {{ ref('attribute_sources') }}
    where strategy = 'latest'

),

bands as (

    select *
    from {{ ref('age_bands') }}
    where scheme = 'tag'

),

tiers as (

    select *
    from {{ ref('cities') }}

),

told as (

    select
        survived.user_key,
        survived.attribute_name,
        survived.attribute_value,
        coalesce(
            {{ business_day('survived.observed_at') }}, cast('1900-01-01' as date)
        ) as told_date,
        coalesce(
            {{ business_day('survived.valid_to_at') }}, cast('9999-12-31' as date)
        ) as ended_date
    from survived
    inner join sources
        on
            survived.attribute_name = sources.attribute_name
            and survived.source_name = sources.source_name
    where survived.attribute_value <> 'unknown'

),

born as (

    select
        user_key,
        told_date,
        ended_date,
        cast(attribute_value as date) as birth_date
    from told
    where attribute_name = 'birth_date'

),

valued as (

    select
        user_key,
        attribute_name as tag_code,
        attribute_value as tag_value,
        told_date,
        ended_date
    from told
    where attribute_name in ('gender', 'income_band', 'occupation')
    union all
    select
        user_key,
        'province' as tag_code,
        concat(substr(attribute_value, 1, 2), '0000') as tag_value,
        told_date,
        ended_date
    from told
    where attribute_name = 'city_code'
    union all
    select
        told.user_key,
        'city_tier' as tag_code,
        coalesce(tiers.city_tier, 'tier_3_and_below') as tag_value,
        told.told_date,
        told.ended_date
    from told
    left join tiers
        on told.attribute_value = tiers.city_code
    -- A province has no tier.
    where told.attribute_name = 'city_code' and substr(told.attribute_value, 3) <> '0000'
    union all
    select
        born.user_key,
        'age_band' as tag_code,
        bands.age_band as tag_value,
        greatest(born.told_date, {{ add_months('born.birth_date', 'bands.from_years * 12') }})
            as told_date,
        least(born.ended_date, {{ add_months('born.birth_date', 'bands.to_years * 12') }})
            as ended_date
    from born
    cross join bands

),

-- Two cities of one province, or two values that end on the day they begin.
compared as (

    select
        *,
        case
            when
                lag(tag_value) over (
                    partition by user_key, tag_code
                    order by told_date, ended_date, tag_value
                ) = tag_value
                and lag(ended_date) over (
                    partition by user_key, tag_code
                    order by told_date, ended_date, tag_value
                ) = told_date
                then 0
            else 1
        end as is_new
    from valued
    where told_date < ended_date and told_date <= {{ as_of_date() }}

),

numbered as (

    select
        *,
        sum(is_new) over (
            partition by user_key, tag_code
            order by told_date, ended_date, tag_value
            rows between unbounded preceding and current row
        ) as run_number
    from compared

),

runs as (

    select
        user_key,
        tag_code,
        tag_value,
        min(told_date) as valid_from_date,
        max(ended_date) as ended_date,
        max(told_date) as computed_date
    from numbered
    group by user_key, tag_code, tag_value, run_number

)

select
    user_key,
    tag_code,
    tag_value,
    valid_from_date,
    -- A birthday to come is no end yet.
    case
        when ended_date > {{ as_of_date() }} then cast('9999-12-31' as date) else ended_date
    end as valid_to_date,
    computed_date
from runs
