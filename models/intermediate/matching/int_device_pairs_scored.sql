-- Grain: one row per pair of a device that nobody is tied to and a device with a single owner,
-- scored with the weights of the promoted model version. Weights are decimals and are added, and
-- the calibrated probability is looked up: engines cannot disagree on what a threshold decides.
{% set comparisons = var('match_comparisons') | map(attribute='name') | list %}

with pairs as (

    select *
    from {{ ref('int_device_pairs_compared') }}
    where pair_purpose = 'score'

),

parameters as (

    select *
    from {{ source('identity', 'match_parameters') }}

),

thresholds as (

    select
        min(case when match_use = 'strict' then minimum_probability end) as strict_probability,
        min(case when match_use = 'default' then minimum_probability end) as default_probability,
        min(case when match_use = 'loose' then minimum_probability end) as loose_probability
    from {{ ref('match_thresholds') }}

),

verdicts as (

    select
        model_version,
        row_number() over (order by fitted_sequence desc, model_version desc) as newest_rank
    from parameters
    where kind = 'verdict' and label = 'promoted'

),

promoted as (

    select parameters.*
    from parameters
    inner join verdicts
        on parameters.model_version = verdicts.model_version
    where verdicts.newest_rank = 1

),

{% for name in comparisons %}
{{ name }}_terms as (

    select *
    from promoted
    where kind = 'term' and comparison = '{{ name }}'

),

{% endfor %}
priors as (

    select *
    from promoted
    where kind = 'prior' and label = 'score'

),

calibrations as (

    select *
    from promoted
    where kind = 'calibration' and label = 'step'

),

weighted as (

    select
        pairs.device_id_hash,
        pairs.other_device_id_hash,
        pairs.owner_customer_id,
        pairs.owner_label,
        priors.model_version,
        priors.weight as prior_weight,
        {% for name in comparisons %}
        pairs.{{ name }}_level,
        coalesce({{ name }}_terms.label, 'unknown') as {{ name }}_label,
        coalesce({{ name }}_terms.weight, 0) as {{ name }}_weight,
        {% endfor %}
        cast(
            priors.weight
            {% for name in comparisons %}
            + coalesce({{ name }}_terms.weight, 0)
            {% endfor %}
            as decimal(18, 9)
        ) as match_weight
    from pairs
    cross join priors
    {% for name in comparisons %}
    left join {{ name }}_terms
        on pairs.{{ name }}_level = {{ name }}_terms.level
    {% endfor %}

),

-- Quarters of a bit, from -20 to 20: the steps of the calibration.
stepped as (

    select
        *,
        greatest(-80, least(80, cast(floor(match_weight * 4) as bigint))) as calibration_level
    from weighted

),

calibrated as (

    select
        stepped.*,
        cast(calibrations.value as decimal(8, 6)) as match_probability
    from stepped
    inner join calibrations
        on stepped.calibration_level = calibrations.level

),

-- An owner is judged by the best of their devices.
best_devices as (

    select
        *,
        row_number() over (
            partition by device_id_hash, owner_label
            order by match_weight desc, other_device_id_hash asc
        ) as device_rank
    from calibrated

),

rivals as (

    select
        device_id_hash,
        other_device_id_hash,
        row_number() over (
            partition by device_id_hash
            order by match_weight desc, owner_label asc
        ) as owner_rank,
        lead(match_weight) over (
            partition by device_id_hash
            order by match_weight desc, owner_label asc
        ) as runner_up_weight
    from best_devices
    where device_rank = 1

)

select
    best_devices.device_id_hash,
    best_devices.other_device_id_hash,
    best_devices.owner_customer_id,
    best_devices.model_version,
    best_devices.prior_weight,
    {% for name in comparisons %}
    best_devices.{{ name }}_level,
    best_devices.{{ name }}_label,
    best_devices.{{ name }}_weight,
    {% endfor %}
    best_devices.match_weight,
    -- What the model alone says; nothing is decided by it.
    cast(round(1 / (1 + power(2, -cast(best_devices.match_weight as double))), 6) as decimal(8, 6))
        as model_probability,
    best_devices.match_probability,
    rivals.owner_rank,
    rivals.runner_up_weight,
    coalesce(
        rivals.owner_rank = 1
        and best_devices.match_weight - rivals.runner_up_weight < {{ var('match_ambiguity_bits') }},
        false
    ) as is_ambiguous,
    best_devices.match_probability >= thresholds.strict_probability as is_strict,
    best_devices.match_probability >= thresholds.default_probability as is_default,
    best_devices.match_probability >= thresholds.loose_probability as is_loose,
    'prior ' || cast(cast(round(best_devices.prior_weight, 2) as decimal(9, 2)) as string)
    {% for name in comparisons %}
    || '; {{ name }} ' || best_devices.{{ name }}_label || ' '
    || cast(cast(round(best_devices.{{ name }}_weight, 2) as decimal(9, 2)) as string)
    {% endfor %}
    || '; total ' || cast(cast(round(best_devices.match_weight, 2) as decimal(9, 2)) as string)
        as evidence
from best_devices
cross join thresholds
left join rivals
    on
        best_devices.device_id_hash = rivals.device_id_hash
        and best_devices.other_device_id_hash = rivals.other_device_id_hash
