-- Grain: one row per period of registration and cut. Calendar months after that of registration
-- until the margin of the users acquired by paid channels has reached what they cost; empty where
-- it has not. Only months that every user of the period has lived through count.
-- Mature once every user of the period has had 12 of them.
with users as (

    select
        usr.user_key,
        usr.registration_date,
        chn.channel_group || '/' || chn.channel_code as channel_path
    from {{ ref('dim_user') }} as usr
    inner join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null and chn.is_paid

),

flows as (

    select
        registration_date,
        channel_path,
        0 as age_months,
        1 as users,
        cast(0 as decimal(18, 2)) as margin
    from users
    union all
    select
        users.registration_date,
        users.channel_path,
        greatest({{ months_between('users.registration_date', 'ord.order_date') }}, 0)
            as age_months,
        0 as users,
        ord.margin_amount as margin
    from {{ ref('fct_order') }} as ord
    inner join users
        on ord.user_key = users.user_key

),

summed as (

    select
        prd.period_grain,
        prd.period_start_date,
        prd.period_end_date,
        flows.age_months,
        case when grouping(flows.channel_path) = 0 then 'channel' else 'all' end as cut_name,
        coalesce(flows.channel_path, 'all') as cut_value,
        sum(flows.users) as users,
        sum(flows.margin) as margin
    from flows
    inner join {{ ref('dim_period') }} as prd
        on
            flows.registration_date = prd.date_day
            and prd.period_grain in ('month', 'quarter', 'year')
    group by grouping sets (  -- noqa: PRS
        (prd.period_grain, prd.period_start_date, prd.period_end_date, flows.age_months),
        (
            prd.period_grain, prd.period_start_date, prd.period_end_date, flows.age_months,
            flows.channel_path
        )
    )

),

running as (

    select
        period_grain,
        period_start_date,
        period_end_date,
        cut_name,
        cut_value,
        age_months,
        sum(users) over (
            partition by period_grain, period_start_date, cut_name, cut_value
        ) as users,
        sum(margin) over (
            partition by period_grain, period_start_date, cut_name, cut_value
            order by age_months
            rows between unbounded preceding and current row
        ) as margin
    from summed

),

compared as (

    select
        running.period_grain,
        running.period_start_date,
        running.period_end_date,
        running.cut_name,
        running.cut_value,
        running.users,
        case
            when
                running.margin >= cac.numerator
                and {{ add_months(
                    period_start('month', 'running.period_end_date'), 'running.age_months + 1'
                ) }} <= {{ add_days(as_of_date(), 1) }}
                then running.age_months
        end as payback_months
    from running
    inner join {{ ref('kpi_cac') }} as cac
        on
            running.period_grain = cac.period_grain
            and running.period_start_date = cac.period_start_date
            and running.cut_name = cac.cut_name
            and running.cut_value = cac.cut_value
    where cac.denominator > 0

)

select
    period_grain,
    period_start_date,
    cut_name,
    cut_value,
    min(payback_months) as kpi_value,
    min(payback_months) as numerator,
    cast(null as bigint) as denominator,
    max(users) as sample_size,
    {{ add_months('max(period_end_date)', 12) }} <= {{ as_of_date() }} as is_mature
from compared
group by period_grain, period_start_date, cut_name, cut_value
