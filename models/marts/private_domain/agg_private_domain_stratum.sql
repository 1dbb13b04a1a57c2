-- Grain: one row per month, registration quarter, channel group and band of activity before the
-- month with users who joined WeCom or a community in the month: their margin of the 6 months
-- after it beside that of users who are alike and had not joined.
with peers as (

    select
        *,
        case when is_member then 1 else 0 end as joined,
        case when is_member then margin_after_amount else 0 end as member_margin,
        case when is_member then 0 else margin_after_amount end as other_margin
    from {{ ref('int_member_peers_placed') }}

)

select
    month_date,
    registration_quarter_date,
    channel_group,
    activity_band,
    is_mature,
    cast(sum(joined) as bigint) as member_count,
    cast(sum(1 - joined) as bigint) as other_count,
    cast(sum(member_margin) as decimal(18, 2)) as member_margin_amount,
    cast(sum(other_margin) as decimal(18, 2)) as other_margin_amount,
    cast(sum(other_margin * other_margin) as decimal(38, 4)) as other_margin_squared
from peers
group by month_date, registration_quarter_date, channel_group, activity_band, is_mature
having sum(joined) > 0
