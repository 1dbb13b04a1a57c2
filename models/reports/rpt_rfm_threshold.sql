-- Grain: one row per quarter that has ended, measure and score: thresholds by distribution (fifths)
-- of the users with an order in the 12 months to the quarter's end, as a proposal for
-- seeds/tiers/rfm_thresholds.csv from the day after on, beside those in use.
with users as (

    select
        ord.month_end_date,
        ord.recency_days,
        ord.order_count_12m,
        ord.revenue_12m
    from {{ ref('int_user_months_ordered') }} as ord
    inner join {{ ref('int_user_months_listed') }} as mon
        on
            ord.user_key = mon.user_key
            and ord.month_date = mon.month_date
    where mon.is_complete and month(ord.month_date) in (3, 6, 9, 12) and ord.order_count_12m > 0

),

proposed as (
    {% for measure, column, fractions in [
        ('recency_days', 'recency_days', [(4, 0.2), (3, 0.4), (2, 0.6), (1, 0.8)]),
        ('order_count', 'order_count_12m', [(2, 0.2), (3, 0.4), (4, 0.6), (5, 0.8)]),
        ('revenue_amount', 'revenue_12m', [(2, 0.2), (3, 0.4), (4, 0.6), (5, 0.8)]),
    ] %}
    {% set outer_loop = loop %}
    {% for score, fraction in fractions %}
    select
        {{ add_days('month_end_date', 1) }} as valid_from_date,
        '{{ measure }}' as measure_name,
        {{ score }} as score,
        count(*) as user_count,
        cast({{ quantile(column, fraction) }} as decimal(18, 2)) as proposed_bound
    from users
    group by month_end_date
    {% if not (loop.last and outer_loop.last) %}
    union all
    {% endif %}
    {% endfor %}
    {% endfor %}
),

in_use as (

    select
        proposed.valid_from_date,
        max(thresholds.valid_from_date) as set_date
    from proposed
    inner join {{ ref('rfm_thresholds') }} as thresholds
        on proposed.valid_from_date >= thresholds.valid_from_date
    group by proposed.valid_from_date

)

select
    proposed.valid_from_date,
    proposed.measure_name,
    cast(proposed.score as bigint) as score,
    proposed.user_count,
    proposed.proposed_bound,
    thresholds.lower_bound as used_bound,
    in_use.set_date as used_from_date
from proposed
left join in_use
    on proposed.valid_from_date = in_use.valid_from_date
left join {{ ref('rfm_thresholds') }} as thresholds
    on
        in_use.set_date = thresholds.valid_from_date
        and proposed.measure_name = thresholds.measure_name
        and proposed.score = thresholds.score
