-- Grain: one row per invitation, in its latest state, with the users who invited and who came.
-- Converted: it brought a new user: another one than the inviter, whose first registration lies on
-- the day of the invitation or the 30 days after it. A user who was invited several times counts
-- for the last of these invitations.
with referrals as (

    select *
    from {{ ref('stg_channel__referrals') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

registrations as (

    select *
    from {{ ref('int_users_registered') }}

),

resolved as (

    select
        referrals.referral_id,
        inviters.user_key as inviter_user_key,
        invitees.user_key as invitee_user_key,
        guests.user_key as registered_user_key,
        referrals.campaign_id,
        referrals.sent_at,
        referrals.sent_date,
        registrations.registration_date
    from referrals
    left join identifiers as inviters
        on
            inviters.identifier_type = 'customer'
            and referrals.inviter_customer_id = inviters.identifier_value
    left join identifiers as invitees
        on
            invitees.identifier_type = 'phone'
            and invitees.demotion_reason is null
            and referrals.invitee_phone_hash = invitees.identifier_value
    left join identifiers as guests
        on
            guests.identifier_type = 'customer'
            and referrals.registered_customer_id = guests.identifier_value
    left join registrations
        on guests.user_key = registrations.user_key

),

judged as (

    select
        *,
        coalesce(registered_user_key = inviter_user_key, false) as is_self_invited,
        coalesce(
            registration_date between sent_date and {{ add_days('sent_date', 30) }}
            and registered_user_key <> coalesce(inviter_user_key, 'unknown'),
            false
        ) as is_new_user
    from resolved

),

ranked as (

    select
        *,
        row_number() over (
            partition by registered_user_key, is_new_user
            order by sent_at desc, referral_id desc
        ) as invitation_rank
    from judged

)

select
    {{ surrogate_key(['referral_id']) }} as referral_key,
    referral_id,
    inviter_user_key,
    invitee_user_key,
    registered_user_key,
    campaign_id,
    sent_at,
    sent_date,
    registration_date,
    is_self_invited,
    is_new_user and invitation_rank = 1 as is_converted,
    case
        when is_new_user and invitation_rank = 1
            then {{ days_between('sent_date', 'registration_date') }}
    end as days_to_registration,
    {{ add_days('sent_date', 30) }} <= {{ as_of_date() }} as is_mature
from ranked
