-- Grain: one row per registered user who is not deleted, subject (tier, lifecycle, rfm,
-- risk_tolerance) and term, as of the as-of date. Contributions add up to the score that they are
-- part of; a term that only tells has none.
with registered as (

    select *
    from {{ ref('int_users_registered') }}

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}
    where not is_deleted

),

users as (

    select registered.user_key
    from registered
    inner join accounts
        on registered.user_key = accounts.user_key

),

tiers as (

    select *
    from {{ ref('int_tiers_assigned') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

rules as (

    select *
    from {{ ref('tier_rules') }}

),

stages as (

    select *
    from {{ ref('int_lifecycle_stages_derived') }}
    where valid_to_date = cast('9999-12-31' as date)

),

scores as (

    select *
    from {{ ref('int_user_months_rfm_scored') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

ordered as (

    select *
    from {{ ref('int_user_months_ordered') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

risks as (

    select *
    from {{ ref('int_risk_tolerances_scored') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

owed as (

    select *
    from {{ ref('int_user_months_owed') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

-- The level that the tolerance begins with is what is left when the deductions are put back, but
-- where it stopped at the lowest level: there it is taken from where it came from.
questionnaires as (

    select
        user_key,
        tolerance_level
    from {{ ref('int_questionnaires_answered') }}
    where valid_from_date <= {{ as_of_date() }} and valid_to_date > {{ as_of_date() }}

),

holdings as (

    select
        user_key,
        cast(round(held_risk_level, 0) as bigint) as held_level
    from {{ ref('int_holdings_weighed') }}
    where month_date = {{ period_start('month', as_of_date()) }}

),

tolerances as (

    select
        risks.user_key,
        risks.risk_tolerance_level,
        risks.tolerance_basis,
        risks.days_past_due,
        risks.is_overdue,
        risks.is_often_late,
        risks.has_swinging_assets,
        owed.late_count_12m,
        case risks.tolerance_basis
            when 'questionnaire' then questionnaires.tolerance_level
            when 'holdings' then holdings.held_level
        end as basis_level
    from risks
    left join owed
        on risks.user_key = owed.user_key
    left join questionnaires
        on risks.user_key = questionnaires.user_key
    left join holdings
        on risks.user_key = holdings.user_key

),

counted as (

    select
        *,
        risk_tolerance_level - basis_level
        + case when is_overdue then 1 else 0 end
        + case when is_often_late then 1 else 0 end
        + case when has_swinging_assets then 1 else 0 end as lifted_levels
    from tolerances

),

terms as (

    select
        user_key,
        'tier' as subject,
        'tier_code' as term_code,
        tier_code as value_text,
        cast(null as decimal(24, 9)) as contribution
    from tiers
    union all
    select
        tiers.user_key,
        'tier' as subject,
        concat('reason_', rules.measure_name) as term_code,
        tiers.tier_reason_code as value_text,
        cast(null as decimal(24, 9)) as contribution
    from tiers
    inner join rules
        on tiers.tier_reason_code = rules.rule_code
    union all
    select
        user_key,
        'tier' as subject,
        'candidate_tier' as term_code,
        candidate_tier_code as value_text,
        cast(null as decimal(24, 9)) as contribution
    from tiers
    where candidate_tier_code <> tier_code
    union all
    select
        user_key,
        'lifecycle' as subject,
        'lifecycle_stage' as term_code,
        lifecycle_stage as value_text,
        cast(null as decimal(24, 9)) as contribution
    from stages
    union all
    select
        user_key,
        'lifecycle' as subject,
        'lifecycle_since' as term_code,
        cast(valid_from_date as string) as value_text,
        cast(null as decimal(24, 9)) as contribution
    from stages
    union all
    select
        user_key,
        'rfm' as subject,
        'rfm_segment' as term_code,
        rfm_segment as value_text,
        cast(null as decimal(24, 9)) as contribution
    from scores
    {% for score, measure in [
        ('recency_score', 'recency_days'),
        ('frequency_score', 'order_count_12m'),
        ('revenue_score', 'revenue_12m'),
    ] %}
    union all
    select
        scores.user_key,
        'rfm' as subject,
        '{{ score }}' as term_code,
        concat(
            cast(scores.{{ score }} as string), ' (', cast(ordered.{{ measure }} as string), ')'
        ) as value_text,
        cast(null as decimal(24, 9)) as contribution
    from scores
    inner join ordered
        on scores.user_key = ordered.user_key
    {% endfor %}
    union all
    select
        user_key,
        'risk_tolerance' as subject,
        'risk_tolerance_level' as term_code,
        coalesce(cast(risk_tolerance_level as string), 'unknown') as value_text,
        cast(null as decimal(24, 9)) as contribution
    from counted
    {% for term, condition, value, contribution in [
        ("tolerance_basis", "basis_level is not null", "basis_level", "basis_level"),
        ("'overdue'", "is_overdue", "days_past_due", "-1"),
        ("'often_late'", "is_often_late", "late_count_12m", "-1"),
        ("'swinging_assets'", "has_swinging_assets", "null", "-1"),
        ("'lowest_level'", "lifted_levels > 0", "risk_tolerance_level", "lifted_levels"),
    ] %}
    union all
    select
        user_key,
        'risk_tolerance' as subject,
        {{ term }} as term_code,
        cast({{ value }} as string) as value_text,
        cast({{ contribution }} as decimal(24, 9)) as contribution
    from counted
    where basis_level is not null and {{ condition }}
    {% endfor %}
)

select terms.*
from terms
inner join users
    on terms.user_key = users.user_key
