-- Grain: one row per device that nobody is tied to and that has a candidate, with its best owner.
-- Withheld where two owners are nearly equal, the probability is below every threshold, or the
-- owner has withdrawn the consent to profiling. Empty while no weights are promoted.
with pairs as (

    select *
    from {{ ref('int_device_pairs_scored') }}
    where owner_rank = 1

),

withdrawals as (

    select *
    from {{ ref('int_consents_withdrawn') }}
    where purpose = 'profiling'

),

judged as (

    select
        pairs.*,
        case
            when withdrawals.customer_id is not null then 'consent_withdrawn'
            when pairs.is_ambiguous then 'ambiguous'
            when not pairs.is_loose then 'below_threshold'
        end as withheld_reason
    from pairs
    left join withdrawals
        on pairs.owner_customer_id = withdrawals.customer_id

)

select
    device_id_hash,
    other_device_id_hash as matched_device_id_hash,
    owner_customer_id,
    match_weight,
    match_probability,
    case
        when withheld_reason is not null then null
        when is_strict then 'strict'
        when is_default then 'default'
        else 'loose'
    end as match_use,
    withheld_reason,
    evidence,
    model_version
from judged
