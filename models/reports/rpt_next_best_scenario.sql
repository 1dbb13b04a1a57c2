-- Grain: one row per scenario and measure: users, those with the highest score, eligible, offered,
-- withheld by each reason; with the margin expected of them. A user withheld for two reasons counts
-- with both.
with ranked as (

    select *
    from {{ ref('fct_next_best_scenario') }}

),

withheld as (

    select *
    from {{ ref('fct_offer_withheld') }}

),

measured as (

    select
        scenario_code,
        'users' as measure_name,
        score_amount
    from ranked
    union all
    select
        scenario_code,
        'first_rank' as measure_name,
        score_amount
    from ranked
    where scenario_rank = 1
    union all
    select
        scenario_code,
        'eligible' as measure_name,
        score_amount
    from ranked
    where is_eligible
    union all
    select
        scenario_code,
        'offered' as measure_name,
        score_amount
    from ranked
    where is_offered
    union all
    select
        withheld.scenario_code,
        concat('withheld_', withheld.reason_code) as measure_name,
        ranked.score_amount
    from withheld
    inner join ranked
        on
            withheld.user_key = ranked.user_key
            and withheld.scenario_code = ranked.scenario_code

),

measures as (

    select 'users' as measure_name
    union all
    select 'first_rank' as measure_name
    union all
    select 'eligible' as measure_name
    union all
    select 'offered' as measure_name
    union all
    select concat('withheld_', reason_code) as measure_name
    from {{ ref('withhold_reasons') }}

),

counted as (

    select
        scenario_code,
        measure_name,
        count(*) as user_count,
        sum(score_amount) as expected_margin_amount
    from measured
    group by scenario_code, measure_name

),

scenarios as (

    select *
    from {{ ref('scenarios') }}

)

select
    scenarios.scenario_code,
    measures.measure_name,
    cast(coalesce(counted.user_count, 0) as bigint) as user_count,
    cast(coalesce(counted.expected_margin_amount, 0) as decimal(18, 2)) as expected_margin_amount
from scenarios
cross join measures
left join counted
    on
        scenarios.scenario_code = counted.scenario_code
        and measures.measure_name = counted.measure_name
