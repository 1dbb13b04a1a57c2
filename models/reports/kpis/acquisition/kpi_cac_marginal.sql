-- Grain: one row per month and cut. Change of spend over change of acquired users between the
-- neighbouring levels of a channel's fitted response curve that hold the month's spend. The
-- headline spreads one more CNY over the channels as the month's budget was. The cut `interval`
-- has the ends of the 95 % interval: low/all, high/all, low/<channel>, high/<channel>.
with months as (

    select *
    from {{ ref('int_channel_months_acquired') }}
    where spend_amount > 0

),

channels as (

    select *
    from {{ ref('channels') }}

),

steps as (

    select *
    from {{ ref('int_response_steps_priced') }}

),

priced as (

    select
        months.month_date,
        months.is_complete,
        channels.channel_group || '/' || channels.channel_code as channel_path,
        months.spend_amount,
        months.acquired_users,
        steps.marginal_cost_amount,
        steps.marginal_cost_low_amount,
        steps.marginal_cost_high_amount
    from months
    inner join channels
        on months.channel_code = channels.channel_code
    inner join steps
        on
            months.channel_code = steps.channel_code
            and months.spend_amount > steps.spend_from_amount
            and months.spend_amount <= steps.spend_to_amount

),

-- noqa: disable=LT02
bounds as (
    {% for bound, column in [
        ('', 'marginal_cost_amount'), ('low/', 'marginal_cost_low_amount'),
        ('high/', 'marginal_cost_high_amount'),
    ] %}
    select
        month_date,
        is_complete,
        '{{ bound }}' as bound,
        channel_path,
        spend_amount,
        acquired_users,
        {{ ratio('spend_amount', column) }} as users_for_as_much_again
    from priced
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}
),

summed as (

    select
        month_date,
        is_complete,
        case
            when bound <> '' then 'interval'
            when grouping(channel_path) = 0 then 'channel'
            else 'all'
        end as cut_name,
        bound || coalesce(channel_path, 'all') as cut_value,
        sum(spend_amount) as numerator,
        sum(users_for_as_much_again) as denominator,
        sum(acquired_users) as sample_size
    from bounds
    group by grouping sets (  -- noqa: PRS
        (month_date, is_complete, bound),
        (month_date, is_complete, bound, channel_path)
    )

)

select
    'month' as period_grain,
    month_date as period_start_date,
    cut_name,
    cut_value,
    {{ ratio('numerator', 'denominator') }} as kpi_value,
    numerator,
    denominator,
    sample_size,
    is_complete as is_mature
from summed
