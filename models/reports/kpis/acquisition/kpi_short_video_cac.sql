-- Grain: one row per period and cut. The CAC of the short-video channel, as kpi_cac has it, and by
-- platform.
{{ channel_cac('short_video') }}
