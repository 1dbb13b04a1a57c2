-- Grain: one row per marketing message of a campaign whose objective is winback, to a known user.
with touches as (

    select *
    from {{ ref('int_touches_resolved') }}
    where touch_kind = 'message' and is_marketing_message and user_key is not null

),

campaigns as (

    select *
    from {{ ref('int_campaigns_mapped') }}
    where objective = 'winback'

)

select
    touches.touch_id as message_id,
    touches.user_key,
    touches.campaign_id,
    touches.touched_at,
    touches.touch_date
from touches
inner join campaigns
    on touches.campaign_id = campaigns.campaign_id
