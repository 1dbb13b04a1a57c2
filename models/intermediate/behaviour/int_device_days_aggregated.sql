-- Grain: one row per device, login (or none) and business day with at least one app event.
-- Incremental by device, as int_sessions_built.
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='device_id_hash',
    )
}}

select
    device_id_hash,
    customer_id,
    event_date as activity_date,
    min(occurred_at) as first_event_at,
    count(*) as event_count,
    cast(sum(coalesce(dwell_seconds, 0)) as bigint) as dwell_seconds,
    max(load_sequence) as load_sequence,
    {{ as_of_date() }} as built_as_of_date
from {{ ref('stg_channel__app_events') }}
{% if is_incremental() %}
where device_id_hash in ({{ devices_with_new_events() }})
{% endif %}
group by device_id_hash, customer_id, event_date
