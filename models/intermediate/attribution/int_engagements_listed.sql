-- Grain: one row per engagement of a user that a conversion may be owed to: an ad shown or clicked,
-- a marketing message clicked, a coupon scanned, a lead left, an invitation, a staff contact or a
-- community joined. Kinds that seeds/attribution/touch_kinds does not list bring nobody.
with kinds as (

    select *
    from {{ ref('touch_kinds') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where user_key is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

campaigns as (

    select *
    from {{ ref('int_campaigns_mapped') }}

),

leads as (

    select *
    from {{ ref('stg_crm__leads') }}

),

referrals as (

    select *
    from {{ ref('stg_channel__referrals') }}

),

contacts as (

    select *
    from {{ ref('stg_channel__wecom_contacts') }}

),

members as (

    select *
    from {{ ref('stg_channel__community_members') }}

),

-- What is no touch of the ad or message tables, each with the identifier that names its user.
others as (

    select
        'lead' as touch_kind,
        lead_id as touch_id,
        'lead' as identifier_type,
        lead_id as identifier_value,
        created_at as engaged_at,
        campaign_id,
        source_channel_code as channel_code
    from leads
    union all
    select
        'referral' as touch_kind,
        referral_id as touch_id,
        'phone' as identifier_type,
        invitee_phone_hash as identifier_value,
        sent_at as engaged_at,
        campaign_id,
        'referral' as channel_code
    from referrals
    union all
    select
        'wecom_contact' as touch_kind,
        {{ surrogate_key(['external_user_id_hash', 'staff_id']) }} as touch_id,
        'wecom_user' as identifier_type,
        external_user_id_hash as identifier_value,
        added_at as engaged_at,
        cast(null as string) as campaign_id,
        'wecom' as channel_code
    from contacts
    union all
    select
        'community_join' as touch_kind,
        {{ surrogate_key(['group_id', 'external_user_id_hash']) }} as touch_id,
        'wecom_user' as identifier_type,
        external_user_id_hash as identifier_value,
        joined_at as engaged_at,
        cast(null as string) as campaign_id,
        'community' as channel_code
    from members

),

engaged as (

    select
        touch_kind,
        touch_id,
        user_key,
        case when touch_kind = 'message' then clicked_at else touched_at end as engaged_at,
        campaign_id,
        channel_code
    from touches
    where touch_kind <> 'message' or (is_marketing_message and clicked_at is not null)
    union all
    select
        others.touch_kind,
        others.touch_id,
        identifiers.user_key,
        others.engaged_at,
        others.campaign_id,
        coalesce(channels.channel_code, campaigns.channel_code, 'unmapped') as channel_code
    from others
    inner join identifiers
        on
            others.identifier_type = identifiers.identifier_type
            and others.identifier_value = identifiers.identifier_value
            and identifiers.demotion_reason is null
    left join channels
        on others.channel_code = channels.channel_code
    left join campaigns
        on others.campaign_id = campaigns.campaign_id

)

select
    engaged.touch_kind,
    engaged.touch_id,
    engaged.user_key,
    engaged.engaged_at,
    engaged.campaign_id,
    engaged.channel_code,
    channels.channel_group in ('organic', 'private', 'unmapped') as is_direct,
    kinds.basis
from engaged
inner join kinds
    on engaged.touch_kind = kinds.touch_kind
inner join channels
    on engaged.channel_code = channels.channel_code
