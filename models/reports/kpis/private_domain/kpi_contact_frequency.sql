-- Grain: one row per month and cut. Marketing messages per unified user contacted in the month.
-- The cut `measure` shows the share of messages that repeat a campaign of the seven days before
-- through another message channel.
with months as (

    select
        month_date,
        sum(contact_count) as contacts,
        sum(duplicate_contact_count) as duplicates,
        count(*) as users
    from {{ ref('agg_user_month') }}
    where contact_count > 0
    group by month_date

),

cuts as (

    select
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        contacts as numerator,
        users as denominator
    from months
    union all
    select
        month_date,
        'measure' as cut_name,
        'duplicate_share' as cut_value,
        duplicates as numerator,
        contacts as denominator
    from months

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    {{ add_months('month_date', 1) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
from cuts
