-- Mature rows of the retention KPIs that cells of the retention curve do not repeat.
with curve as (

    select
        cohort_month,
        'retention_m18' as kpi_id,
        case when channel_group = 'all' then 'all' else 'channel_group' end as cut_name,
        channel_group as cut_value,
        retained_users,
        users
    from {{ ref('agg_retention_curve') }}
    where measure = 'month' and horizon = 18 and is_mature
    union all
    select
        cohort_month,
        'retention_d30' as kpi_id,
        'window' as cut_name,
        case measure when 'day_exact' then 'exact_day' else 'within_30_days' end as cut_value,
        retained_users,
        users
    from {{ ref('agg_retention_curve') }}
    where measure <> 'month' and horizon = 30 and is_mature and channel_group = 'all'

),

kpis as (
    {% for kpi_id, cuts in [
        ('retention_m18', "('all', 'channel_group')"), ('retention_d30', "('window')"),
    ] %}
    select
        period_start_date,
        '{{ kpi_id }}' as kpi_id,
        cut_name,
        cut_value,
        numerator,
        denominator,
        is_mature
    from {{ ref('kpi_' ~ kpi_id) }}
    where period_grain = 'month' and cut_name in {{ cuts }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

-- Thirty days of a cohort are over before the 33 that the KPI waits for.
mature as (

    select *
    from kpis
    where is_mature

)

select
    mature.period_start_date,
    mature.kpi_id,
    mature.cut_name,
    mature.cut_value,
    mature.numerator,
    curve.retained_users,
    mature.denominator,
    curve.users
from mature
left join curve
    on
        mature.period_start_date = curve.cohort_month
        and mature.kpi_id = curve.kpi_id
        and mature.cut_name = curve.cut_name
        and mature.cut_value = curve.cut_value
where
    curve.users is null
    or mature.numerator <> curve.retained_users
    or mature.denominator <> curve.users
