-- Grain: one row per month of the offer and cut. Of the users who held exactly one product line and
-- were offered another, those who ordered that one within 90 days. A user counts once in each cut.
-- Mature after 90 days, and where orders reach back 12 months: else a line held before goes unseen.
with offers as (

    select
        user_key,
        month_date,
        from_line,
        to_line,
        case when is_converted then 1 else 0 end as is_converted
    from {{ ref('int_cross_offers_followed') }}

),

users as (

    select
        user_key,
        month_date,
        'all' as cut_name,
        'all' as cut_value,
        max(is_converted) as is_converted
    from offers
    group by user_key, month_date
    {% for side in ['from', 'to'] %}
    union all
    select
        user_key,
        month_date,
        '{{ side }}_line' as cut_name,
        '{{ side }}/' || {{ side }}_line as cut_value,
        max(is_converted) as is_converted
    from offers
    group by user_key, month_date, {{ side }}_line
    {% endfor %}

),

observed as (

    select min(order_date) as first_date
    from {{ ref('fct_order') }}

),

summed as (

    select
        month_date,
        cut_name,
        cut_value,
        sum(is_converted) as numerator,
        count(*) as denominator
    from users
    group by month_date, cut_name, cut_value

)

select
    'month' as period_grain,
    summed.month_date as period_start_date,
    summed.cut_name,
    summed.cut_value,
    {{ ratio('summed.numerator', 'summed.denominator') }} as kpi_value,
    summed.numerator,
    summed.denominator,
    summed.denominator as sample_size,
    {{ add_days(add_months('summed.month_date', 1), 89) }} <= {{ as_of_date() }}
    and {{ add_months('observed.first_date', 12) }} <= summed.month_date as is_mature
from summed
cross join observed
