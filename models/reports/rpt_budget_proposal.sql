-- Grain: one row per channel with bounds and a response curve. The budget of the latest complete
-- month, dealt out anew in hundredths: every channel first gets its least share, then each
-- hundredth goes where it brings most users by the curve, until a channel has its most share.
-- The curves flatten, so that no other division inside the bounds brings more.
with bounds as (

    select *
    from {{ ref('budget_bounds') }}

),

channels as (

    select *
    from {{ ref('channels') }}

),

steps as (

    select *
    from {{ ref('int_response_steps_priced') }}

),

complete_months as (

    select *
    from {{ ref('int_channel_months_acquired') }}
    where is_complete and spend_amount > 0

),

latest as (

    select max(month_date) as month_date
    from complete_months

),

curves as (

    select
        channel_code,
        max(spend_to_amount) as most_known_amount
    from steps
    group by channel_code

),

-- Only channels whose response is known take part, with what they cost in the month.
taking_part as (

    select
        latest.month_date,
        bounds.channel_code,
        bounds.least_share,
        bounds.most_share,
        curves.most_known_amount,
        coalesce(complete_months.spend_amount, 0) as spend_amount,
        coalesce(complete_months.acquired_users, 0) as acquired_users,
        sum(coalesce(complete_months.spend_amount, 0)) over () as budget_amount
    from bounds
    cross join latest
    inner join curves
        on bounds.channel_code = curves.channel_code
    left join complete_months
        on
            bounds.channel_code = complete_months.channel_code
            and latest.month_date = complete_months.month_date

),

numbers as (

    select listed.*
    from (
        values
        {% for hundredth in range(101) %}
        ({{ hundredth }}){{ ',' if not loop.last }}
        {% endfor %}
    ) as listed (hundredth)

),

-- Hundredths of the budget that a channel may have, as far as its curve reaches.
hundredths as (

    select
        taking_part.*,
        numbers.hundredth,
        cast(taking_part.budget_amount * numbers.hundredth * 0.01 as decimal(18, 2))
            as level_amount
    from taking_part
    cross join numbers
    where
        numbers.hundredth <= taking_part.most_share * 100
        and taking_part.budget_amount > 0

),

-- Expected users on each level, between two nodes of the curve on the straight line.
expected as (

    select
        hundredths.*,
        case
            when steps.channel_code is not null
                then cast(
                    steps.users_from
                    + {{ ratio(
                        '(steps.users_to - steps.users_from)'
                        ~ ' * (hundredths.level_amount - steps.spend_from_amount)',
                        'steps.spend_to_amount - steps.spend_from_amount'
                    ) }} as decimal(24, 6)
                )
            when hundredths.hundredth = 0 then cast(0 as decimal(24, 6))
        end as expected_users
    from hundredths
    left join steps
        on
            hundredths.channel_code = steps.channel_code
            and hundredths.level_amount > steps.spend_from_amount
            and hundredths.level_amount <= steps.spend_to_amount

),

gains as (

    select
        *,
        expected_users - lag(expected_users) over (
            partition by channel_code
            order by hundredth
        ) as gained_users,
        hundredth <= least_share * 100 as is_given
    from expected
    where expected_users is not null

),

-- What is given comes first, then the best; the channel's code breaks ties.
ranked as (

    select
        *,
        row_number() over (
            order by is_given desc, gained_users desc, channel_code asc, hundredth asc
        ) as turn
    from gains
    where hundredth > 0

),

dealt as (

    select
        channel_code,
        max(hundredth) as hundredth
    from ranked
    where turn <= 100
    group by channel_code

),

now_expected as (

    select
        taking_part.channel_code,
        cast(
            steps.users_from
            + {{ ratio(
                '(steps.users_to - steps.users_from)'
                ~ ' * (taking_part.spend_amount - steps.spend_from_amount)',
                'steps.spend_to_amount - steps.spend_from_amount'
            ) }} as decimal(24, 6)
        ) as expected_users
    from taking_part
    inner join steps
        on
            taking_part.channel_code = steps.channel_code
            and taking_part.spend_amount > steps.spend_from_amount
            and taking_part.spend_amount <= steps.spend_to_amount

)

select
    taking_part.month_date,
    channels.channel_group,
    taking_part.channel_code,
    channels.channel_name_en,
    channels.channel_name_zh,
    cast(taking_part.budget_amount as decimal(18, 2)) as budget_amount,
    cast(taking_part.spend_amount as decimal(18, 2)) as spend_amount,
    {{ ratio('taking_part.spend_amount', 'taking_part.budget_amount') }} as spend_share,
    cast(taking_part.acquired_users as bigint) as acquired_users,
    cast(coalesce(now_expected.expected_users, 0) as decimal(24, 6)) as expected_users,
    taking_part.least_share,
    taking_part.most_share,
    {{ ratio('coalesce(dealt.hundredth, 0)', '100') }} as proposed_share,
    cast(
        taking_part.budget_amount * coalesce(dealt.hundredth, 0) * 0.01 as decimal(18, 2)
    ) as proposed_amount,
    cast(coalesce(levels.expected_users, 0) as decimal(24, 6)) as proposed_expected_users,
    cast(
        coalesce(levels.expected_users, 0) - coalesce(now_expected.expected_users, 0)
        as decimal(24, 6)
    ) as expected_change_users
from taking_part
inner join channels
    on taking_part.channel_code = channels.channel_code
left join dealt
    on taking_part.channel_code = dealt.channel_code
left join expected as levels
    on
        dealt.channel_code = levels.channel_code
        and dealt.hundredth = levels.hundredth
left join now_expected
    on taking_part.channel_code = now_expected.channel_code
where taking_part.budget_amount > 0
