-- One row per matched device with both a use and a reason to withhold it, with neither, or with a
-- use that its probability is not enough for.
select
    matches.device_id_hash,
    matches.match_use,
    matches.withheld_reason
from {{ ref('int_devices_matched') }} as matches
left join {{ ref('match_thresholds') }} as thresholds
    on matches.match_use = thresholds.match_use
where
    (matches.match_use is null) = (matches.withheld_reason is null)
    or matches.match_probability < thresholds.minimum_probability
