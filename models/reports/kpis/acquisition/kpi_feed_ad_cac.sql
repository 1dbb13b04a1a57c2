-- Grain: one row per period. The CAC of the feed-ad channel, as kpi_cac has it.
select
    period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    kpi_value,
    numerator,
    denominator,
    sample_size,
    is_mature
from {{ ref('kpi_cac') }}
where cut_name = 'channel' and cut_value = 'online/feed_ad'
