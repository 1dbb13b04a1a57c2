-- Grain: one row per marketing touch: impression, click, message sent, coupon claimed.
with touches as (

    select *
    from {{ ref('int_touches_resolved') }}

),

consents as (

    select *
    from {{ ref('int_consents_validated') }}
    where purpose = 'marketing'

),

messages as (

    select *
    from touches
    where touch_kind = 'message'

),

consented as (

    select
        messages.touch_kind,
        messages.touch_id
    from messages
    inner join consents
        on messages.user_key = consents.user_key
    where
        messages.touched_at >= consents.valid_from_at
        and messages.touched_at < coalesce(consents.valid_to_at, cast('9999-12-31' as timestamp))

),

-- Messages of a user and campaign in order, each with the one before.
sequenced as (

    select
        touch_kind,
        touch_id,
        user_key,
        campaign_id,
        message_channel,
        touched_at,
        lag(message_channel) over (
            partition by user_key, campaign_id
            order by touched_at, touch_id
        ) as previous_channel,
        lag(touched_at) over (
            partition by user_key, campaign_id
            order by touched_at, touch_id
        ) as previous_at
    from messages
    where is_marketing_message and campaign_id is not null and user_key is not null

),

-- The latest message through another channel stands just before the last change of channel.
changed as (

    select
        touch_kind,
        touch_id,
        touched_at,
        max(case when previous_channel <> message_channel then previous_at end) over (
            partition by user_key, campaign_id
            order by touched_at, touch_id
            rows between unbounded preceding and current row
        ) as other_channel_at
    from sequenced

),

duplicates as (

    select
        touch_kind,
        touch_id
    from changed
    where touched_at <= {{ add_hours('other_channel_at', 168) }}

)

select
    {{ surrogate_key(['touches.touch_kind', 'touches.touch_id']) }} as touch_key,
    touches.touch_kind,
    touches.touch_id,
    touches.user_key,
    touches.touched_at,
    touches.touch_date,
    touches.campaign_id,
    touches.creative_id,
    touches.channel_code,
    touches.message_channel,
    touches.is_marketing_message,
    touches.delivered_at is not null as is_delivered,
    touches.opened_at is not null as is_opened,
    touches.clicked_at is not null as is_clicked,
    consented.touch_id is not null as has_marketing_consent,
    duplicates.touch_id is not null as is_duplicate_contact
from touches
left join consented
    on
        touches.touch_kind = consented.touch_kind
        and touches.touch_id = consented.touch_id
left join duplicates
    on
        touches.touch_kind = duplicates.touch_kind
        and touches.touch_id = duplicates.touch_id
