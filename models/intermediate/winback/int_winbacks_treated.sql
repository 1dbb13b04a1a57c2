-- Grain: one row per user and win-back treatment: an assignment to a win-back experiment (treated
-- or held out), or the first message of a win-back campaign that no experiment stands behind.
-- Where there is an experiment its assignments say who was targeted: the campaign's messages to
-- others are no treatment, and a treated user whom no message reached stays treated.
with experiments as (

    select *
    from {{ ref('int_winback_experiments_matched') }}

),

messages as (

    select *
    from {{ ref('int_winback_messages_found') }}

),

measured_campaigns as (

    select campaign_id
    from experiments
    where campaign_id is not null
    group by campaign_id

),

firsts as (

    select
        messages.user_key,
        messages.campaign_id,
        min(messages.touched_at) as touched_at,
        min(messages.touch_date) as touch_date
    from messages
    left join measured_campaigns
        on messages.campaign_id = measured_campaigns.campaign_id
    where measured_campaigns.campaign_id is null
    group by messages.user_key, messages.campaign_id

)

select
    'experiment' as treatment_source,
    experiment_id as treatment_id,
    user_key,
    experiment_id,
    experiment_name,
    campaign_id,
    assigned_at as treated_at,
    assigned_date as treated_date,
    is_holdout
from experiments
union all
select
    'message' as treatment_source,
    campaign_id as treatment_id,
    user_key,
    cast(null as string) as experiment_id,
    cast(null as string) as experiment_name,
    campaign_id,
    touched_at as treated_at,
    touch_date as treated_date,
    false as is_holdout
from firsts
