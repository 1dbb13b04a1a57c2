-- Grain: one row per user with a known registration: was a paid channel on the path to it?
with registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

touched as (

    select paths.user_key
    from {{ ref('int_conversion_paths_built') }} as paths
    inner join channels
        on paths.channel_code = channels.channel_code
    where paths.conversion_kind = 'registration' and channels.is_paid
    group by paths.user_key

)

select
    registrations.user_key,
    registrations.registered_at,
    registrations.registration_date,
    touched.user_key is not null as has_paid_touch,
    coalesce(declared.is_paid, false) as has_declared_paid_channel
from registrations
left join touched
    on registrations.user_key = touched.user_key
left join channels as declared
    on registrations.register_channel_code = declared.channel_code
