-- Grain: one row per month (or year) of registration and cut. 1 less the 18-month retention.
select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('denominator - numerator', 'denominator') }} as kpi_value,
    denominator - numerator as numerator,
    denominator,
    sample_size,
    is_mature
from {{ ref('kpi_retention_m18') }}
