-- Grain: one row per campaign and cut; the period is the campaign and starts on its first day.
-- Daily orders in the campaign over those of the matched baseline, minus 1. The cut `campaign`
-- names the campaign, or the festival (618, double_eleven); `measure` shows the same for
-- disbursement and for the 14 days after. No row without an order in the baseline.
with effects as (

    select *
    from {{ ref('fct_campaign_effect') }}

),

cuts as (
    {% for cut_name, label, prefix, measure in [
        ('campaign', '', '', 'order_count'),
        ('measure', 'afterglow/', 'afterglow_', 'order_count'),
        ('measure', 'disbursement/', '', 'disbursed_amount'),
        ('measure', 'disbursement_afterglow/', 'afterglow_', 'disbursed_amount'),
    ] %}
    select
        start_date,
        '{{ cut_name }}' as cut_name,
        '{{ label }}' || campaign_id as cut_value,
        cast({{ prefix }}{{ measure }} as decimal(18, 2))
        - cast({{ prefix }}baseline_{{ measure }} as decimal(18, 2)) as numerator,
        cast({{ prefix }}baseline_{{ measure }} as decimal(18, 2)) as denominator,
        {{ prefix }}order_count as sample_size,
        is_{{ prefix }}mature as is_mature
    from effects
    where {{ prefix }}observed_days > 0 and {{ prefix }}baseline_{{ measure }} > 0
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
)

select
    'campaign' as period_grain,
    start_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    sample_size,
    is_mature
from cuts
