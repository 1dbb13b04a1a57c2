-- Grain: one row per KPI of the catalogue and cut that is shown: the headline, and every cut that
-- has a baseline, target or benchmark.
-- Value: the latest mature period of the headline grain (day and week KPIs are shown by month,
-- those that have no months by their own grain).
-- Target: of the as-of year, else the next one, else the last one.
with catalogue as (

    select
        cat.*,
        case
            when cat.grain in ('quarter', 'year') then cat.grain
            else 'month'
        end as headline_grain,
        coalesce(hea.cut_value, 'all') as headline_cut
    from {{ ref('kpi_catalogue') }} as cat
    left join {{ ref('kpi_headlines') }} as hea
        on cat.kpi_id = hea.kpi_id

),

targets as (

    select
        kpi_id,
        coalesce(cut, 'all') as cut_value,
        kind,
        unit,
        target_value,
        cast(substr(target_period, 1, 4) as integer) as target_year,
        target_period,
        source,
        row_number() over (
            partition by kpi_id, coalesce(cut, 'all'), kind
            order by
                case
                    when kind <> 'target' then 0
                    when
                        cast(substr(target_period, 1, 4) as integer) >= year({{ as_of_date() }})
                        then 0
                    else 1
                end,
                case
                    when
                        kind = 'target'
                        and cast(substr(target_period, 1, 4) as integer) >= year({{ as_of_date() }})
                        then cast(substr(target_period, 1, 4) as integer)
                    else -cast(substr(target_period, 1, 4) as integer)
                end,
                target_period desc,
                target_value desc,
                source
        ) as target_rank
    from {{ ref('kpi_targets') }}

),

picked as (

    select
        kpi_id,
        cut_value,
        max(unit) as cut_unit,
        max(case when kind = 'measured' then target_value end) as baseline_value,
        max(case when kind = 'measured' then target_period end) as baseline_period,
        max(case when kind = 'target' then target_value end) as target_value,
        max(case when kind = 'target' then target_period end) as target_period,
        coalesce(
            max(case when kind = 'benchmark' then target_value end),
            max(case when kind = 'industry' then target_value end),
            max(case when kind = 'healthy' then target_value end),
            max(case when kind = 'competitor' then target_value end)
        ) as benchmark_value
    from targets
    where target_rank = 1
    group by kpi_id, cut_value

),

shown as (

    select
        kpi_id,
        headline_cut as cut_value
    from catalogue
    union distinct
    select
        kpi_id,
        cut_value
    from picked

),

ranked as (

    select
        kpi.kpi_id,
        kpi.cut_value,
        kpi.period_start_date,
        kpi.kpi_value,
        kpi.sample_size,
        kpi.is_mature,
        kpi.period_grain,
        row_number() over (
            partition by kpi.kpi_id, kpi.cut_value
            order by
                case when kpi.period_grain = catalogue.headline_grain then 0 else 1 end asc,
                kpi.is_mature desc,
                kpi.period_start_date desc
        ) as recency_rank,
        lag(kpi.kpi_value) over (
            partition by kpi.kpi_id, kpi.cut_value, kpi.is_mature, kpi.period_grain
            order by kpi.period_start_date
        ) as previous_value
    from {{ ref('fct_kpi') }} as kpi
    inner join catalogue
        on
            kpi.kpi_id = catalogue.kpi_id
            and kpi.period_grain in (catalogue.headline_grain, catalogue.grain)
    -- A period that is over counts even if it has no value: a cohort that has not paid back yet
    -- must not be passed over for an older one that has.
    where kpi.kpi_value is not null or kpi.is_mature

),

inputs as (

    select
        kpi_id,
        min(case when row_count = 0 then source_table end) as missing_table
    from {{ ref('int_kpi_inputs_checked') }}
    group by kpi_id

),

joined as (

    select
        catalogue.*,
        shown.cut_value,
        inputs.kpi_id is not null as is_built,
        inputs.missing_table,
        ranked.period_start_date,
        coalesce(ranked.period_grain, catalogue.headline_grain) as period_grain,
        case when ranked.is_mature then ranked.kpi_value end as kpi_value,
        case when ranked.is_mature then ranked.previous_value end as previous_value,
        ranked.sample_size,
        ranked.is_mature,
        picked.cut_unit,
        picked.baseline_value,
        picked.baseline_period,
        picked.target_value,
        picked.target_period,
        picked.benchmark_value
    from shown
    inner join catalogue
        on shown.kpi_id = catalogue.kpi_id
    left join inputs
        on shown.kpi_id = inputs.kpi_id
    left join picked
        on
            shown.kpi_id = picked.kpi_id
            and shown.cut_value = picked.cut_value
    left join ranked
        on
            shown.kpi_id = ranked.kpi_id
            and shown.cut_value = ranked.cut_value
            and ranked.recency_rank = 1

)

select
    kpi_id,
    cut_value,
    cut_value = headline_cut as is_headline,
    level,
    area,
    name_en,
    name_zh,
    coalesce(cut_unit, unit) as unit,
    direction,
    period_grain,
    period_start_date,
    kpi_value,
    previous_value,
    baseline_value,
    baseline_period,
    target_value,
    target_period,
    benchmark_value,
    cast(kpi_value - target_value as decimal(24, 6)) as gap_to_target,
    cast(sample_size as decimal(24, 2)) as sample_size,
    case
        when not is_built then 'not built'
        when missing_table is not null then 'no input: ' || missing_table
        when period_start_date is null then 'no data'
        when not is_mature then 'not mature'
        when kpi_value is null then 'no value'
        when target_value is null and baseline_value is null then 'no target'
        when direction = 'range' then 'compare'
        when direction = 'up' and kpi_value >= target_value then 'on target'
        when direction = 'down' and kpi_value <= target_value then 'on target'
        when direction = 'up' and kpi_value > baseline_value then 'better than baseline'
        when direction = 'down' and kpi_value < baseline_value then 'better than baseline'
        when baseline_value is null then 'off target'
        else 'no better than baseline'
    end as status
from joined
