-- Grain: one row per month and purpose (headline: marketing). Users with a standing consent at the
-- month's end over users registered by then.
with users as (

    select
        user_key,
        registration_date
    from {{ ref('dim_user') }}
    where registration_date is not null

),

months as (

    select distinct
        period_start_date,
        period_end_date,
        is_complete
    from {{ ref('dim_period') }}
    where period_grain = 'month'

),

registered as (

    select
        months.period_start_date,
        months.period_end_date,
        months.is_complete,
        count(*) as users
    from months
    inner join users
        on months.period_end_date >= users.registration_date
    group by months.period_start_date, months.period_end_date, months.is_complete

),

consented as (

    select
        registered.period_start_date,
        con.purpose,
        count(distinct con.user_key) as users
    from registered
    inner join {{ ref('fct_consent') }} as con
        on
            registered.period_end_date >= con.valid_from_date
            and (con.valid_to_date is null or registered.period_end_date < con.valid_to_date)
    inner join users
        on
            con.user_key = users.user_key
            and registered.period_end_date >= users.registration_date
    group by registered.period_start_date, con.purpose

),

purposes as (

    select purpose
    from {{ ref('fct_consent') }}
    group by purpose

),

-- A month in which nobody consents is 0, not missing.
cuts as (

    select
        registered.period_start_date,
        registered.is_complete as is_mature,
        'purpose' as cut_name,
        purposes.purpose as cut_value,
        coalesce(consented.users, 0) as numerator,
        registered.users as denominator
    from registered
    cross join purposes
    left join consented
        on
            registered.period_start_date = consented.period_start_date
            and purposes.purpose = consented.purpose

)

select
    'month' as period_grain,
    period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from cuts
union all
select
    'month' as period_grain,
    period_start_date,
    'all' as cut_name,
    'all' as cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    denominator as sample_size,
    is_mature
from cuts
where cut_value = 'marketing'
