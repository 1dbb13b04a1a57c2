-- Grain: one row per service ticket, in its latest state.
with tickets as (

    select *
    from {{ ref('stg_crm__tickets') }}

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}
    where identifier_type = 'customer'

)

select
    {{ surrogate_key(['tickets.ticket_id']) }} as ticket_key,
    tickets.ticket_id,
    identifiers.user_key,
    tickets.ticket_kind,
    tickets.topic_code,
    tickets.severity,
    tickets.product_id,
    tickets.campaign_id,
    tickets.opened_at,
    tickets.opened_date,
    tickets.first_reply_at,
    tickets.resolved_at,
    {{ business_day('tickets.resolved_at') }} as resolved_date,
    tickets.resolved_at is not null as is_resolved,
    {{ seconds_between('tickets.opened_at', 'tickets.first_reply_at') }} as first_reply_seconds,
    {{ seconds_between('tickets.opened_at', 'tickets.resolved_at') }} as resolution_seconds,
    tickets.is_solvable,
    coalesce(tickets.reopened_count, 0) as reopened_count
from tickets
left join identifiers
    on tickets.customer_id = identifiers.identifier_value
