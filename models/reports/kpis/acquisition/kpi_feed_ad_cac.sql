-- Grain: one row per period and cut. The CAC of the feed-ad channel, as kpi_cac has it, and by
-- platform.
{{ channel_cac('feed_ad') }}
