-- Grain: one row per session: events of one device with no pause longer than the timeout.
-- Incremental by device: a device with new events has all its sessions built again, so that late
-- and same-time events end where a full build puts them.
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='device_id_hash',
    )
}}

with events as (

    select *
    from {{ ref('stg_channel__app_events') }}
    {% if is_incremental() %}
    where device_id_hash in ({{ devices_with_new_events() }})
    {% endif %}

),

ordered as (

    select
        *,
        row_number() over (
            partition by device_id_hash
            order by occurred_at, event_id
        ) as event_number,
        lag(occurred_at) over (
            partition by device_id_hash
            order by occurred_at, event_id
        ) as previous_at
    from events

),

numbered as (

    select
        *,
        sum(
            case
                when
                    previous_at is null
                    or {{ seconds_between('previous_at', 'occurred_at') }}
                    > {{ var('session_timeout_minutes') }} * 60
                    then 1
                else 0
            end
        ) over (
            partition by device_id_hash
            order by event_number
            rows between unbounded preceding and current row
        ) as session_number
    from ordered

)

select
    device_id_hash,
    min_by(event_id, event_number) as first_event_id,
    max_by(customer_id, case when customer_id is not null then event_number end) as customer_id,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    min(event_date) as session_date,
    count(*) as event_count,
    cast(sum(case when event_name = 'product_view' then 1 else 0 end) as bigint)
        as product_view_count,
    cast(sum(coalesce(dwell_seconds, 0)) as bigint) as dwell_seconds,
    min_by(os, event_number) as os,
    max(load_sequence) as load_sequence,
    {{ as_of_date() }} as built_as_of_date
from numbered
group by device_id_hash, session_number
