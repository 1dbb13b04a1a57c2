-- Grain: one row per campaign, with its channel as the channel list knows it.
with campaigns as (

    select *
    from {{ ref('stg_channel__campaigns') }}

),

channels as (

    select *
    from {{ ref('channels') }}

)

select
    campaigns.campaign_id,
    campaigns.objective,
    coalesce(channels.channel_code, 'unmapped') as channel_code,
    coalesce(channels.is_paid, false) as is_paid,
    coalesce(campaigns.objective = 'acquire', true) as is_acquisition
from campaigns
left join channels
    on campaigns.channel_code = channels.channel_code
