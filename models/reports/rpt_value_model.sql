-- Grain: one row per version of the models of value and churn, model, product line, candidate and
-- figure: what each was judged by on the time after its training, beside a plain guess, the version
-- in use then, and the challenger.
with parameters as (

    select
        *,
        coalesce(product_line, 'all') as covered_line
    from {{ source('identity', 'value_parameters') }}

),

verdicts as (

    select
        model_version,
        model_family,
        covered_line,
        label as verdict,
        note as verdict_reason
    from parameters
    where kind = 'verdict'

),

windows as (

    select
        model_version,
        model_family,
        covered_line,
        cast(note as date) as trained_to_date
    from parameters
    where kind = 'window' and label = 'trained_to'

),

used as (

    select
        model_version,
        model_family,
        product_line
    from {{ ref('int_value_parameters_promoted') }}
    group by model_version, model_family, product_line

)

select
    parameters.model_version,
    parameters.fitted_sequence,
    parameters.model_family,
    parameters.covered_line as product_line,
    parameters.note as candidate,
    parameters.label as figure_name,
    cast(parameters.value as decimal(24, 6)) as figure_value,
    verdicts.verdict,
    verdicts.verdict_reason,
    windows.trained_to_date,
    used.model_version is not null as is_in_use
from parameters
inner join verdicts
    on
        parameters.model_version = verdicts.model_version
        and parameters.model_family = verdicts.model_family
        and parameters.covered_line = verdicts.covered_line
left join windows
    on
        parameters.model_version = windows.model_version
        and parameters.model_family = windows.model_family
        and parameters.covered_line = windows.covered_line
left join used
    on
        parameters.model_version = used.model_version
        and parameters.model_family = used.model_family
        and parameters.covered_line = used.product_line
where parameters.kind = 'quality'
