-- Grain: one row per quarter and cut. What users registered in the quarter brought in their first
-- 12 months, per user, over the same of those registered in the base year, less 1. Like for like:
-- realised value to date, which grows with the age of the users by itself, is the cut `basis` =
-- to_date (at the quarter's end, over the end of the base year). Mature once the 12 months of all
-- users of the quarter are over (of the cut: once the quarter is).
with realised as (

    select
        period_start_date as month_date,
        numerator as margin,
        denominator as users,
        is_mature
    from {{ ref('kpi_ltv') }}
    where cut_name = 'part' and cut_value = 'realised'

),

users as (

    select
        user_key,
        registration_date
    from {{ ref('dim_user') }}
    where registration_date is not null

),

orders as (

    select *
    from {{ ref('fct_order') }}

),

-- Orders before the registration count as its first day.
first_years as (

    select
        users.user_key,
        users.registration_date,
        sum(
            case
                when orders.order_date < {{ add_months('users.registration_date', 12) }}
                    then orders.margin_amount
                else 0
            end
        ) as margin
    from users
    left join orders
        on users.user_key = orders.user_key
    group by users.user_key, users.registration_date

),

cohorts as (

    select
        {{ period_start('quarter', 'registration_date') }} as quarter_date,
        sum(coalesce(margin, 0)) as margin,
        count(*) as users
    from first_years
    group by {{ period_start('quarter', 'registration_date') }}

),

stands as (

    select
        {{ period_start('quarter', 'month_date') }} as quarter_date,
        'basis' as cut_name,
        'to_date' as cut_value,
        {{ ratio('margin', 'users') }} as ltv,
        users,
        margin,
        is_mature
    from realised
    where month(month_date) in (3, 6, 9, 12)
    union all
    select
        quarter_date,
        'all' as cut_name,
        'all' as cut_value,
        {{ ratio('margin', 'users') }} as ltv,
        users,
        margin,
        {{ add_months('quarter_date', 15) }} <= {{ add_days(as_of_date(), 1) }} as is_mature
    from cohorts

),

bases as (

    select
        cut_name,
        cut_value,
        {{ ratio('sum(margin)', 'sum(users)') }} as ltv
    from stands
    where
        year(quarter_date) = {{ var('kpi_base_year') }}
        and is_mature
        and (cut_name = 'all' or month(quarter_date) = 10)
    group by cut_name, cut_value

)

select
    'quarter' as period_grain,
    stands.quarter_date as period_start_date,
    stands.cut_name,
    stands.cut_value,
    {{ ratio('stands.ltv - bases.ltv', 'bases.ltv') }} as kpi_value,
    stands.ltv - bases.ltv as numerator,
    bases.ltv as denominator,
    stands.users as sample_size,
    stands.is_mature
from stands
inner join bases
    on
        stands.cut_name = bases.cut_name
        and stands.cut_value = bases.cut_value
where year(stands.quarter_date) > {{ var('kpi_base_year') }} and bases.ltv > 0
