-- Grain: one row per day counted to and tenth of the chance to leave: users in it, beside the share
-- that the version in use had there on the day it was judged on. The terms of a day add up to its
-- population stability index: below 0.1 nothing has moved, from 0.25 on the version is to be fitted
-- anew. Empty without a promoted version.
with scored as (

    select
        counted_to_date,
        model_version,
        least(cast(floor(churn_probability * 10) as bigint), 9) as score_band
    from {{ ref('int_users_churn_scored') }}

),

bands as (

    select
        step as score_band,
        cast(value as decimal(24, 6)) as fitted_share_ratio
    from {{ ref('int_value_parameters_promoted') }}
    where model_family = 'churn' and kind = 'band'

),

days as (

    select
        counted_to_date,
        max(model_version) as model_version,
        count(*) as users
    from scored
    group by counted_to_date

),

counted as (

    select
        counted_to_date,
        score_band,
        count(*) as users
    from scored
    group by counted_to_date, score_band

),

compared as (

    select
        days.counted_to_date,
        days.model_version,
        bands.score_band,
        bands.fitted_share_ratio,
        coalesce(counted.users, 0) as users,
        {{ ratio('coalesce(counted.users, 0)', 'days.users') }} as share_ratio
    from days
    cross join bands
    left join counted
        on
            days.counted_to_date = counted.counted_to_date
            and bands.score_band = counted.score_band

)

select
    counted_to_date,
    model_version,
    score_band,
    users,
    share_ratio,
    fitted_share_ratio,
    -- An empty band would be infinitely far away.
    cast(
        round(
            (
                cast(greatest(share_ratio, 0.0001) as double)
                - cast(greatest(fitted_share_ratio, 0.0001) as double)
            ) * (
                ln(cast(greatest(share_ratio, 0.0001) as double))
                - ln(cast(greatest(fitted_share_ratio, 0.0001) as double))
            ),
            6
        ) as decimal(24, 6)
    ) as stability_term
from compared
