-- Grain: one row per user and experiment whose name says win-back, with the campaign behind it: the
-- one of the objective winback that most of its treated users were written by within 7 days.
-- A user with several accounts counts with the first assignment.
with experiments as (

    select *
    from {{ ref('stg_crm__experiments') }}
    where
        replace(replace(replace(lower(experiment_name), '-', ''), '_', ''), ' ', '')
        like '%winback%'

),

assignments as (

    select *
    from {{ ref('stg_crm__experiment_assignments') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

),

messages as (

    select *
    from {{ ref('int_winback_messages_found') }}

),

ranked as (

    select
        identifiers.user_key,
        experiments.experiment_id,
        experiments.experiment_name,
        assignments.assigned_at,
        assignments.assigned_date,
        assignments.variant in ('holdout', 'control') as is_holdout,
        row_number() over (
            partition by identifiers.user_key, experiments.experiment_id
            order by assignments.assigned_at, assignments.customer_id
        ) as assignment_rank
    from experiments
    inner join assignments
        on experiments.experiment_id = assignments.experiment_id
    inner join identifiers
        on assignments.customer_id = identifiers.identifier_value

),

assigned as (

    select *
    from ranked
    where assignment_rank = 1

),

-- One row per treated user and campaign, however many messages.
written as (

    select
        assigned.experiment_id,
        messages.campaign_id,
        assigned.user_key
    from assigned
    inner join messages
        on
            assigned.user_key = messages.user_key
            and assigned.assigned_at <= messages.touched_at
            and {{ add_hours('assigned.assigned_at', 168) }} >= messages.touched_at
    where not assigned.is_holdout
    group by assigned.experiment_id, messages.campaign_id, assigned.user_key

),

counted as (

    select
        experiment_id,
        campaign_id,
        row_number() over (
            partition by experiment_id
            order by count(*) desc, campaign_id asc
        ) as campaign_rank
    from written
    group by experiment_id, campaign_id

),

campaigns as (

    select *
    from counted
    where campaign_rank = 1

)

select
    assigned.user_key,
    assigned.experiment_id,
    assigned.experiment_name,
    campaigns.campaign_id,
    assigned.assigned_at,
    assigned.assigned_date,
    assigned.is_holdout
from assigned
left join campaigns
    on assigned.experiment_id = campaigns.experiment_id
