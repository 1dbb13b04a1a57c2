-- Grain: one row per user and month from the first order on, with scores of 1 to 5 for recency,
-- frequency and revenue, and what follows from them. The thresholds are those that were frozen
-- last before the month began; months before the first of them use the first.
with months as (

    select *
    from {{ ref('int_user_months_ordered') }}
    where last_order_date is not null

),

thresholds as (

    select *
    from {{ ref('rfm_thresholds') }}

),

segments as (

    select *
    from {{ ref('rfm_segments') }}

),

settings as (

    {{ pivoted_settings(ref('tier_settings'), ['high_score']) }}

),

calendar as (

    select month_date
    from months
    group by month_date

),

first_set as (

    select min(valid_from_date) as first_date
    from thresholds

),

chosen as (

    select
        calendar.month_date,
        coalesce(max(thresholds.valid_from_date), max(first_set.first_date)) as valid_from_date
    from calendar
    cross join first_set
    left join thresholds
        on calendar.month_date >= thresholds.valid_from_date
    group by calendar.month_date

),

bounds as (

    select
        chosen.month_date,
        chosen.valid_from_date
        {%- for name, letter in [
            ('recency_days', 'recency'), ('order_count', 'frequency'), ('revenue_amount', 'revenue')
        ] %}
        {%- for score in [2, 3, 4, 5] if name != 'recency_days' %},
        max(case
            when thresholds.measure_name = '{{ name }}' and thresholds.score = {{ score }}
                then thresholds.lower_bound
        end) as {{ letter }}_{{ score }}
        {%- endfor %}
        {%- for score in [1, 2, 3, 4] if name == 'recency_days' %},
        max(case
            when thresholds.measure_name = '{{ name }}' and thresholds.score = {{ score }}
                then thresholds.lower_bound
        end) as {{ letter }}_{{ score }}
        {%- endfor %}
        {%- endfor %}
    from chosen
    inner join thresholds
        on chosen.valid_from_date = thresholds.valid_from_date
    group by chosen.month_date, chosen.valid_from_date

),

scored as (

    select
        months.user_key,
        months.month_date,
        bounds.valid_from_date as thresholds_from_date,
        case
            when months.recency_days >= bounds.recency_1 then 1
            when months.recency_days >= bounds.recency_2 then 2
            when months.recency_days >= bounds.recency_3 then 3
            when months.recency_days >= bounds.recency_4 then 4
            else 5
        end as recency_score,
        {% for letter, measure in [('frequency', 'order_count_12m'), ('revenue', 'revenue_12m')] %}
        case
            when months.{{ measure }} >= bounds.{{ letter }}_5 then 5
            when months.{{ measure }} >= bounds.{{ letter }}_4 then 4
            when months.{{ measure }} >= bounds.{{ letter }}_3 then 3
            when months.{{ measure }} >= bounds.{{ letter }}_2 then 2
            else 1
        end as {{ letter }}_score{{ ',' if not loop.last }}
        {% endfor %}
    from months
    inner join bounds
        on months.month_date = bounds.month_date

)

select
    scored.user_key,
    scored.month_date,
    scored.thresholds_from_date,
    cast(scored.recency_score as bigint) as recency_score,
    cast(scored.frequency_score as bigint) as frequency_score,
    cast(scored.revenue_score as bigint) as revenue_score,
    segments.segment_code as rfm_segment,
    segments.rfm_class
from scored
cross join settings
inner join segments
    on
        (scored.recency_score >= settings.high_score) = segments.is_recent
        and (scored.frequency_score >= settings.high_score) = segments.is_frequent
        and (scored.revenue_score >= settings.high_score) = segments.is_high_revenue
