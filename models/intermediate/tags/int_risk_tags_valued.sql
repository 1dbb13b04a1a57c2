-- Grain: one row per user, complete month and risk tag (risk tolerance, overdue) that has a value
-- at its end.
with months as (

    select *
    from {{ ref('int_user_months_listed') }}
    where is_complete

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}

),

joined as (

    select
        months.user_key,
        months.month_date,
        months.month_end_date,
        risks.risk_tolerance_level,
        risks.is_overdue
    from months
    inner join risks
        on
            months.user_key = risks.user_key
            and months.month_date = risks.month_date

)

select
    user_key,
    month_date,
    month_end_date,
    'risk_tolerance' as tag_code,
    concat('R', cast(risk_tolerance_level as string)) as tag_value
from joined
where risk_tolerance_level is not null
union all
select
    user_key,
    month_date,
    month_end_date,
    'overdue' as tag_code,
    'yes' as tag_value
from joined
where is_overdue
