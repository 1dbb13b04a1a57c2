-- Grain: one row per user with a known registration, with the channel that brought the user.
-- The attributed touch comes first, then the channel the CRM declares, then 'unattributed'.
with registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

attributed as (

    select *
    from {{ ref('int_conversions_attributed') }}
    where conversion_kind = 'registration'

),

channels as (

    select *
    from {{ ref('channels') }}

)

select
    registrations.user_key,
    registrations.registered_at,
    registrations.registration_date,
    attributed.campaign_id as acquisition_campaign_id,
    case
        when attributed.channel_code is not null then attributed.channel_code
        when declared.channel_code is not null then declared.channel_code
        when registrations.register_channel_code is not null then 'unmapped'
        else 'unattributed'
    end as acquisition_channel_code,
    case
        when attributed.touch_kind = 'impression' then 'view'
        when attributed.touch_kind is not null then 'click'
        when registrations.register_channel_code is not null then 'declared'
        else 'none'
    end as acquisition_basis
from registrations
left join attributed
    on registrations.user_key = attributed.conversion_id
left join channels as declared
    on registrations.register_channel_code = declared.channel_code
