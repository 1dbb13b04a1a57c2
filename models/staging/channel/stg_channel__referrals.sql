-- Grain: one row per invitation, in its latest state.
with source as (

    select *
    from {{ latest_version(source('channel', 'referrals'), ['referral_id']) }} as ver

),

renamed as (

    select
        -- ids
        referral_id,
        inviter_customer_id,
        invitee_phone_hash,
        {{ known_since('registered_at', 'registered_customer_id') }} as registered_customer_id,
        campaign_id,

        -- dates
        sent_at,
        {{ business_day('sent_at') }} as sent_date,
        {{ known_by_as_of('registered_at') }} as registered_at,

        -- lineage
        _load_sequence as load_sequence
    from source

)

select *
from renamed
where sent_date <= {{ as_of_date() }}
