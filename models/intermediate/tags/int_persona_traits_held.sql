-- Grain: one row per user with an account and quarter, with what was known of the user on the day
-- before it began: own attributes, and what groups users alike that guess the others (`none` where
-- it is not known).
with months as (

    select
        user_key,
        month_end_date,
        birth_date,
        {{ add_months('month_date', 1) }} as quarter_date
    from {{ ref('int_user_months_listed') }}
    where is_complete and month(month_date) in (3, 6, 9, 12)

),

user_tags as (

    select *
    from {{ ref('int_tags_in_force') }}

),

bands as (

    select *
    from {{ ref('age_bands') }}
    where scheme = 'survey'

),

aged as (

    select
        months.user_key,
        months.quarter_date,
        bands.age_band
    from months
    inner join bands
        on
            months.month_end_date
            >= {{ add_months('months.birth_date', 'bands.from_years * 12') }}
            and months.month_end_date
            < {{ add_months('months.birth_date', 'bands.to_years * 12') }}

),

tagged as (

    select
        months.user_key,
        months.quarter_date,
        max(case when user_tags.tag_code = 'income_band' then user_tags.tag_value end)
            as income_band,
        max(case when user_tags.tag_code = 'preferred_scenario' then user_tags.tag_value end)
            as bought_scenario,
        max(case when user_tags.tag_code = 'browsed_scenario' then user_tags.tag_value end)
            as browsed_scenario,
        max(case when user_tags.tag_code = 'occupation' then user_tags.tag_value end)
            as occupation,
        max(case when user_tags.tag_code = 'favourite_event_class' then user_tags.tag_value end)
            as event_class,
        max(case when user_tags.tag_code = 'preferred_product_line' then user_tags.tag_value end)
            as product_line
    from months
    inner join user_tags
        on
            months.user_key = user_tags.user_key
            and months.month_end_date >= user_tags.valid_from_date
            and months.month_end_date < user_tags.valid_to_date
    group by months.user_key, months.quarter_date

)

select
    months.user_key,
    months.quarter_date,
    aged.age_band,
    tagged.income_band,
    tagged.bought_scenario,
    coalesce(tagged.browsed_scenario, 'none') as browsed_scenario,
    coalesce(tagged.occupation, 'none') as occupation,
    coalesce(tagged.event_class, 'none') as event_class,
    coalesce(tagged.product_line, 'none') as product_line
from months
left join aged
    on
        months.user_key = aged.user_key
        and months.quarter_date = aged.quarter_date
left join tagged
    on
        months.user_key = tagged.user_key
        and months.quarter_date = tagged.quarter_date
