-- Grain: one row per parameter of the newest promoted version of each family and product line.
with parameters as (

    select *
    from {{ source('identity', 'value_parameters') }}

),

verdicts as (

    select
        model_version,
        model_family,
        coalesce(product_line, 'all') as product_line,
        row_number() over (
            partition by model_family, product_line
            order by fitted_sequence desc, model_version desc
        ) as newest_rank
    from parameters
    where kind = 'verdict' and label = 'promoted'

)

select
    parameters.model_version,
    parameters.model_family,
    verdicts.product_line,
    parameters.kind,
    parameters.label,
    parameters.step,
    parameters.value,
    parameters.note
from parameters
inner join verdicts
    on
        parameters.model_version = verdicts.model_version
        and parameters.model_family = verdicts.model_family
        and coalesce(parameters.product_line, 'all') = verdicts.product_line
where verdicts.newest_rank = 1
