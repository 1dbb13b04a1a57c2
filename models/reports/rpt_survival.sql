-- Grain: one row per channel group (and all) and month since registration, 1 to 24. Kaplan-Meier: a
-- user's event is the first day of churn (lifecycle) after registration. In a month stand at risk
-- those who have not churned before it and of whom all of it has passed.
-- noqa: disable=LT02
{% set months = 24 %}

with users as (

    select
        usr.user_key,
        usr.registration_date,
        coalesce(chn.channel_group, 'unmapped') as channel_group
    from {{ ref('dim_user') }} as usr
    left join {{ ref('channels') }} as chn
        on usr.acquisition_channel_code = chn.channel_code
    where usr.registration_date is not null

),

-- Who registered before the first delivered event was not seen staying.
observed as (

    select min(activity_date) as first_date
    from {{ ref('agg_user_day') }}
    where event_count > 0

),

churns as (

    select
        users.user_key,
        min(stg.valid_from_date) as churned_date
    from users
    inner join {{ ref('fct_user_lifecycle') }} as stg
        on
            users.user_key = stg.user_key
            and users.registration_date < stg.valid_from_date
    where stg.lifecycle_stage = 'churned'
    group by users.user_key

),

-- Calendar months between, of which the last may not be full.
spanned as (

    select
        users.channel_group,
        users.registration_date,
        churns.churned_date,
        {{ add_days(as_of_date(), 1) }} as end_date,
        {{ months_between('users.registration_date', 'churns.churned_date') }} as churn_span,
        {{ months_between('users.registration_date', add_days(as_of_date(), 1)) }} as end_span
    from users
    inner join observed
        on users.registration_date >= observed.first_date
    left join churns
        on users.user_key = churns.user_key

),

lived as (

    select
        channel_group,
        case
            when {{ add_months('registration_date', 'churn_span') }} <= churned_date
                then churn_span + 1
            else churn_span
        end as churn_month,
        case
            when {{ add_months('registration_date', 'end_span') }} <= end_date then end_span
            else end_span - 1
        end as full_months
    from spanned

),

month_numbers as (
    {% for month in range(1, months + 1) %}
    select {{ month }} as month_number
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

at_risk as (

    select
        lived.channel_group,
        month_numbers.month_number,
        case when lived.churn_month = month_numbers.month_number then 1 else 0 end as is_churned
    from lived
    inner join month_numbers
        on
            lived.full_months >= month_numbers.month_number
            and coalesce(lived.churn_month, month_numbers.month_number)
            >= month_numbers.month_number

),

counted as (

    select
        coalesce(channel_group, 'all') as channel_group,
        month_number,
        count(*) as at_risk_users,
        sum(is_churned) as churned_users
    from at_risk
    group by grouping sets ((channel_group, month_number), (month_number))  -- noqa: PRS

),

-- With 12 decimals; a ratio has 6.
hazards as (

    select
        *,
        cast(
            {{ ratio('(at_risk_users - churned_users) * 1000000', 'at_risk_users') }}
            * cast(0.000001 as decimal(7, 6))
            as decimal(16, 12)
        ) as factor,
        cast(
            {{
                ratio(
                    'churned_users * 1000000',
                    '(at_risk_users - churned_users) * at_risk_users'
                )
            }}
            * cast(0.000001 as decimal(7, 6))
            as decimal(20, 12)
        ) as variance_term
    from counted

),

-- The factors of each month up to this one, side by side: no engine multiplies decimals downwards.
spread as (

    select
        hazards.channel_group,
        hazards.month_number,
        hazards.at_risk_users,
        hazards.churned_users,
        case
            when count(before.variance_term) = count(*)
                then cast(sum(before.variance_term) as decimal(20, 12))
        end as variance_sum
        {%- for month in range(1, months + 1) %},
        coalesce(
            max(case when before.month_number = {{ month }} then before.factor end),
            cast(1 as decimal(16, 12))
        ) as factor_{{ month }}
        {%- endfor %}
    from hazards
    inner join hazards as before
        on
            hazards.channel_group = before.channel_group
            and hazards.month_number >= before.month_number
    group by
        hazards.channel_group, hazards.month_number, hazards.at_risk_users, hazards.churned_users

),

multiplied as (

    select
        channel_group,
        month_number,
        at_risk_users,
        churned_users,
        variance_sum
        {%- for part in range(months // 6) %},
        {{ 'cast(' * 5 }}factor_{{ part * 6 + 1 }}
        {%- for month in range(part * 6 + 2, part * 6 + 7) %}
        * factor_{{ month }} as decimal(16, 12))
        {%- endfor %} as part_{{ part + 1 }}
        {%- endfor %}
    from spread

),

survived as (

    select
        channel_group,
        month_number,
        at_risk_users,
        churned_users,
        variance_sum,
        {{ 'cast(' * (months // 6 - 1) }}part_1
        {%- for part in range(2, months // 6 + 1) %}
        * part_{{ part }} as decimal(16, 12))
        {%- endfor %} as survival
    from multiplied

)

select
    survived.channel_group,
    cast(survived.month_number as integer) as month_number,
    cast(survived.at_risk_users as bigint) as at_risk_users,
    cast(survived.churned_users as bigint) as churned_users,
    cast(survived.survival as decimal(24, 6)) as survival_ratio,
    cast(
        cast(survived.survival * survived.survival as decimal(16, 12)) * survived.variance_sum
        as decimal(24, 12)
    ) as survival_variance,
    cast(
        cast(survived.survival as decimal(24, 6)) - cast(onl.survival as decimal(24, 6))
        as decimal(24, 6)
    ) as gap_to_online
from survived
left join survived as onl
    on
        survived.month_number = onl.month_number
        and onl.channel_group = 'online'
