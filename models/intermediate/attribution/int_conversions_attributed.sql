-- Grain: one row per conversion (a registration or an order) with a path, with its last touch.
-- What was clicked within the click window wins over what was only seen within the view window;
-- among equals the latest wins.
select
    conversion_kind,
    conversion_id,
    user_key,
    converted_at,
    touch_kind,
    touch_id,
    campaign_id,
    channel_code,
    engaged_at
from {{ ref('int_conversion_paths_built') }}
where last_touch_rank = 1
