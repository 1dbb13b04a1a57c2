-- Grain: one row per funnel, entrant and entry. An entrant enters with the first event of step 1,
-- and again with the first one after the window of the entry before.
with events as (

    select
        listed.*,
        funnels.window_days
    from {{ ref('int_funnel_events_listed') }} as listed
    inner join {{ ref('funnels') }} as funnels
        on listed.funnel_code = funnels.funnel_code
    where listed.step_number = 1

),

kept as (

    -- noqa: disable=PRS
    {{ spaced_moments('events', ['funnel_code', 'entrant_key'], 'event_at', 'window_days') }}
    -- noqa: enable=PRS

),

-- Of several events at that moment one is named.
ranked as (

    select
        events.*,
        row_number() over (
            partition by events.funnel_code, events.entrant_key, events.event_at
            order by events.event_source, events.event_id, events.event_value
        ) as event_rank
    from events
    inner join kept
        on
            events.funnel_code = kept.funnel_code
            and events.entrant_key = kept.entrant_key
            and events.event_at = kept.event_at

),

numbered as (

    select
        *,
        row_number() over (
            partition by funnel_code, entrant_key
            order by event_at
        ) as entry_number
    from ranked
    where event_rank = 1

)

select
    {{ surrogate_key(['funnel_code', 'entrant_key', 'entry_number']) }} as entry_key,
    funnel_code,
    entrant_kind,
    entrant_key,
    cast(entry_number as bigint) as entry_number,
    user_key,
    event_at as entered_at,
    event_date as entered_date,
    {{ add_hours('event_at', '24 * window_days') }} as window_end_at,
    {{ add_days('event_date', 'window_days') }} <= {{ as_of_date() }} as is_mature,
    event_source,
    event_id,
    step_code,
    channel_code,
    platform,
    dwell_seconds
from numbered
