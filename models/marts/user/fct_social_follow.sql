-- Grain: one row per follower of a social account and contact of the staff on WeCom, with the user.
with profiles as (

    select *
    from {{ ref('stg_channel__social_profiles') }}

),

contacts as (

    select *
    from {{ ref('stg_channel__wecom_contacts') }}

),

resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

combined as (

    select
        platform,
        'open_id' as identifier_type,
        open_id_hash as identifier_value,
        cast(null as string) as staff_id,
        followed_at,
        followed_date,
        unfollowed_at
    from profiles
    union all
    select
        'wecom' as platform,
        'wecom_user' as identifier_type,
        external_user_id_hash as identifier_value,
        staff_id,
        added_at as followed_at,
        added_date as followed_date,
        removed_at as unfollowed_at
    from contacts

)

select
    {{ surrogate_key(['combined.platform', 'combined.identifier_value', 'combined.staff_id']) }}
        as social_follow_key,
    combined.platform,
    resolved.user_key,
    combined.staff_id,
    combined.followed_at,
    combined.followed_date,
    combined.unfollowed_at,
    {{ business_day('combined.unfollowed_at') }} as unfollowed_date,
    combined.unfollowed_at is null as is_following
from combined
inner join resolved
    on
        combined.identifier_type = resolved.identifier_type
        and combined.identifier_value = resolved.identifier_value
