-- Grain: one row per campaign with an end, or shopping festival and year, that has begun: orders
-- and disbursement in it and in the 14 days after it, each beside the matched baseline.
-- Interval: orders as Poisson counts, normal approximation, 1.96 standard errors to each side;
-- empty under 10 orders on either side. Baseline days weigh as often as they are compared with.
-- Cannibalisation: orders missing in the afterglow over orders gained in the campaign; empty where
-- nothing was gained.
{% set measures = [
    ('order_count', 'bigint'), ('baseline_order_count', 'bigint'), ('baseline_variance', 'bigint'),
    ('disbursed_amount', 'decimal(18, 2)'), ('baseline_disbursed_amount', 'decimal(18, 2)'),
] %}

with pivoted as (

    select
        campaign_kind,
        campaign_id,
        campaign_name,
        campaign_name_zh,
        objective,
        scope_kind,
        scope_code,
        start_date,
        end_date,
        baseline_start_date,
        {% for window, prefix in [('campaign', ''), ('afterglow', 'afterglow_')] %}
        max(case when window_kind = '{{ window }}' then observed_days end)
            as {{ prefix }}observed_days,
        {% for measure, type in measures %}
        cast(max(case when window_kind = '{{ window }}' then {{ measure }} end) as {{ type }})
            as {{ prefix }}{{ measure }},
        {% endfor %}
        max(
            case
                when window_kind = '{{ window }}' and is_window_over and is_baseline_observed
                    then 1
                else 0
            end
        ) = 1 as is_{{ prefix }}mature,
        {% endfor %}
        max(window_end_date) as afterglow_end_date
    from {{ ref('int_campaign_windows_counted') }}
    group by
        campaign_kind,
        campaign_id,
        campaign_name,
        campaign_name_zh,
        objective,
        scope_kind,
        scope_code,
        start_date,
        end_date,
        baseline_start_date

),

measured as (

    select
        *,
        {% for prefix in ['', 'afterglow_'] %}
        {{ ratio(
            prefix ~ 'order_count - ' ~ prefix ~ 'baseline_order_count',
            prefix ~ 'baseline_order_count'
        ) }} as {{ prefix }}uplift_ratio,
        {{ ratio(
            prefix ~ 'disbursed_amount - ' ~ prefix ~ 'baseline_disbursed_amount',
            prefix ~ 'baseline_disbursed_amount'
        ) }} as {{ prefix }}disbursed_uplift_ratio,
        -- Of orders over baseline: both counts vary. Doubles inside, six decimals outside.
        cast(
            round(
                sqrt(
                    cast({{ prefix }}order_count as double)
                    * cast({{ prefix }}baseline_order_count as double)
                    * cast({{ prefix }}baseline_order_count as double)
                    + cast({{ prefix }}order_count as double)
                    * cast({{ prefix }}order_count as double)
                    * cast({{ prefix }}baseline_variance as double)
                ) / nullif(
                    cast({{ prefix }}baseline_order_count as double)
                    * cast({{ prefix }}baseline_order_count as double), 0
                ), 6
            ) as decimal(24, 6)
        ) as {{ prefix }}standard_error,
        {% endfor %}
        order_count - baseline_order_count as gained_order_count,
        case
            when is_afterglow_mature
                then greatest(afterglow_baseline_order_count - afterglow_order_count, 0)
        end as missing_order_count
    from pivoted

)

select
    {{ surrogate_key(['campaign_kind', 'campaign_id', 'start_date']) }} as campaign_effect_key,
    campaign_kind,
    campaign_id,
    campaign_name,
    campaign_name_zh,
    objective,
    scope_kind,
    scope_code,
    start_date,
    end_date,
    afterglow_end_date,
    baseline_start_date,
    {% for prefix in ['', 'afterglow_'] %}
    cast({{ prefix }}observed_days as integer) as {{ prefix }}observed_days,
    {{ prefix }}order_count,
    {{ prefix }}baseline_order_count,
    {{ ratio(prefix ~ 'order_count', prefix ~ 'observed_days') }} as {{ prefix }}daily_orders,
    {{ prefix }}uplift_ratio,
    {% for sign, side in [('-', 'low'), ('+', 'high')] %}
    case
        when {{ prefix }}order_count >= 10 and {{ prefix }}baseline_order_count >= 10
            then cast(
                greatest(
                    {{ prefix }}uplift_ratio
                    {{ sign }} cast(1.96 as decimal(3, 2)) * {{ prefix }}standard_error,
                    -1
                ) as decimal(24, 6)
            )
    end as {{ prefix }}uplift_{{ side }}_ratio,
    {% endfor %}
    {{ prefix }}disbursed_amount,
    {{ prefix }}baseline_disbursed_amount,
    {{ ratio(prefix ~ 'disbursed_amount', prefix ~ 'observed_days') }}
        as {{ prefix }}daily_disbursed_amount,
    {{ prefix }}disbursed_uplift_ratio,
    is_{{ prefix }}mature,
    {% endfor %}
    cast(gained_order_count as bigint) as gained_order_count,
    cast(missing_order_count as bigint) as missing_order_count,
    case
        when gained_order_count > 0
            then {{ ratio('missing_order_count', 'gained_order_count') }}
    end as cannibalised_ratio
from measured
