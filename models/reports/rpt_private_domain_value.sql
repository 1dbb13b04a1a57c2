-- Grain: one row per channel group and one for all: margin in the 6 months after joining WeCom or a
-- community, of members beside users who are alike (see agg_private_domain_stratum), weighted by
-- members. Strata without others say nothing and are counted apart. Months that are over only.
with strata as (

    select
        *,
        channel_group as group_code,
        case when other_count > 0 then member_count else 0 end as matched_count,
        {{ ratio('other_margin_amount * member_count', 'other_count') }} as expected_margin
    from {{ ref('agg_private_domain_stratum') }}
    where is_mature

),

summed as (

    select
        coalesce(group_code, 'all') as channel_group,
        count(*) as stratum_count,
        sum(case when other_count = 0 then 1 else 0 end) as unmatched_stratum_count,
        sum(member_count) as member_count,
        sum(matched_count) as matched_count,
        sum(case when matched_count > 0 then other_count else 0 end) as other_count,
        sum(case when matched_count > 0 then member_margin_amount else 0 end) as member_margin,
        sum(other_margin_amount) as other_margin,
        sum(other_margin_squared) as other_margin_squared,
        sum(case when matched_count > 0 then expected_margin else 0 end) as expected_margin
    from strata
    group by grouping sets ((), (group_code))  -- noqa: PRS

),

averaged as (

    select
        *,
        {{ ratio('member_margin', 'matched_count') }} as member_average,
        {{ ratio('expected_margin', 'matched_count') }} as other_average
    from summed
    where matched_count > 0

)

select
    channel_group,
    cast(member_count as bigint) as member_count,
    cast(matched_count as bigint) as matched_member_count,
    cast(other_count as bigint) as other_count,
    cast(stratum_count as bigint) as stratum_count,
    cast(unmatched_stratum_count as bigint) as unmatched_stratum_count,
    cast(member_average as decimal(18, 2)) as member_margin_per_user,
    cast(other_average as decimal(18, 2)) as other_margin_per_user,
    cast(member_average - other_average as decimal(18, 2)) as difference_per_user,
    -- Twice the standard error that the mean of as many of the others would have.
    case
        when other_count > 1
            then cast(
                2 * sqrt(
                    greatest(
                        cast(other_margin_squared as double)
                        - cast(other_margin as double) * cast(other_margin as double)
                        / cast(other_count as double),
                        0
                    ) / (cast(other_count - 1 as double) * cast(matched_count as double))
                ) as decimal(18, 2)
            )
    end as noise_per_user,
    cast(member_margin - expected_margin as decimal(18, 2)) as difference_amount
from averaged
