-- Grain: one row per user with a known registration: what brought the user.
-- Organic is who had no paid touch in the look-back window and declares no paid channel.
with acquired as (

    select *
    from {{ ref('int_users_acquired') }}

),

touched as (

    select *
    from {{ ref('int_users_paid_touched') }}

),

places as (

    select
        user_key,
        region_code,
        city_tier
    from {{ ref('dim_user') }}

)

select
    acquired.user_key,
    acquired.registration_date,
    {{ period_start('month', 'acquired.registration_date') }} as registration_month,
    acquired.acquisition_channel_code,
    acquired.acquisition_basis,
    acquired.acquisition_campaign_id,
    touched.has_paid_touch,
    touched.has_declared_paid_channel,
    not touched.has_paid_touch and not touched.has_declared_paid_channel as is_organic,
    coalesce(places.region_code, 'unknown_region') as region_code,
    coalesce(places.city_tier, 'unknown_city_tier') as city_tier
from acquired
inner join touched
    on acquired.user_key = touched.user_key
left join places
    on acquired.user_key = places.user_key
