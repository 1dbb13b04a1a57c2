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

named as (

    select
        chosen.month_date,
        chosen.valid_from_date,
        concat(thresholds.measure_name, '_', cast(thresholds.score as string)) as bound_name,
        thresholds.lower_bound
    from chosen
    inner join thresholds
        on chosen.valid_from_date = thresholds.valid_from_date

),

bounds as (

    select
        month_date,
        valid_from_date,
        max(case when bound_name = 'recency_days_1' then lower_bound end) as recency_1,
        max(case when bound_name = 'recency_days_2' then lower_bound end) as recency_2,
        max(case when bound_name = 'recency_days_3' then lower_bound end) as recency_3,
        max(case when bound_name = 'recency_days_4' then lower_bound end) as recency_4,
        max(case when bound_name = 'order_count_2' then lower_bound end) as frequency_2,
        max(case when bound_name = 'order_count_3' then lower_bound end) as frequency_3,
        max(case when bound_name = 'order_count_4' then lower_bound end) as frequency_4,
        max(case when bound_name = 'order_count_5' then lower_bound end) as frequency_5,
        max(case when bound_name = 'revenue_amount_2' then lower_bound end) as revenue_2,
        max(case when bound_name = 'revenue_amount_3' then lower_bound end) as revenue_3,
        max(case when bound_name = 'revenue_amount_4' then lower_bound end) as revenue_4,
        max(case when bound_name = 'revenue_amount_5' then lower_bound end) as revenue_5
    from named
    group by month_date, valid_from_date

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
        case
            when months.order_count_12m >= bounds.frequency_5 then 5
            when months.order_count_12m >= bounds.frequency_4 then 4
            when months.order_count_12m >= bounds.frequency_3 then 3
            when months.order_count_12m >= bounds.frequency_2 then 2
            else 1
        end as frequency_score,
        case
            when months.revenue_12m >= bounds.revenue_5 then 5
            when months.revenue_12m >= bounds.revenue_4 then 4
            when months.revenue_12m >= bounds.revenue_3 then 3
            when months.revenue_12m >= bounds.revenue_2 then 2
            else 1
        end as revenue_score
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
