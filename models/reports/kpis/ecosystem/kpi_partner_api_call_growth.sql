-- Grain: one row per year and cut. Calls of the year over those of the year before, less 1. Mature
-- where the year is over and calls (of the partner) reach back to the first week of the year
-- before.
with calls as (

    select
        call_date,
        partner_id,
        call_count,
        {{ period_start('year', 'call_date') }} as year_date
    from {{ ref('stg_channel__partner_calls_daily') }}
    where call_count > 0

),

summed as (

    select
        case when grouping(partner_id) = 0 then 'partner' else 'all' end as cut_name,
        coalesce(partner_id, 'all') as cut_value,
        year_date,
        sum(call_count) as calls
    from calls
    group by grouping sets ((year_date), (year_date, partner_id))  -- noqa: PRS

),

-- A partner without calls after a year with some has lost all of them: -1, not missing.
pairs as (

    select
        cut_name,
        cut_value,
        year_date,
        calls,
        0 as calls_before
    from summed
    union all
    select
        cut_name,
        cut_value,
        {{ add_months('year_date', 12) }} as year_date,
        0 as calls,
        calls as calls_before
    from summed

),

compared as (

    select
        cut_name,
        cut_value,
        year_date,
        sum(calls) as calls,
        sum(calls_before) as calls_before
    from pairs
    where year_date <= {{ as_of_date() }}
    group by cut_name, cut_value, year_date

),

observed as (

    select
        coalesce(partner_id, 'all') as cut_value,
        min(call_date) as first_date
    from calls
    group by grouping sets ((), (partner_id))  -- noqa: PRS

)

select
    'year' as period_grain,
    compared.year_date as period_start_date,
    compared.cut_name,
    compared.cut_value,
    {{ ratio('compared.calls - compared.calls_before', 'compared.calls_before') }} as kpi_value,
    compared.calls - compared.calls_before as numerator,
    compared.calls_before as denominator,
    compared.calls as sample_size,
    {{ add_months('compared.year_date', 12) }} <= {{ add_days(as_of_date(), 1) }}
    and observed.first_date <= {{ add_days(add_months('compared.year_date', -12), 6) }} as is_mature
from compared
inner join observed
    on compared.cut_value = observed.cut_value
where compared.calls_before > 0
