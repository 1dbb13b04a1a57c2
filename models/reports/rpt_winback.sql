-- Grain: one row per win-back experiment, and one for all of them together (`all`): churned users
-- treated beside those held out. Only users whose 30 days have passed.
-- Difference: success of the treated less that of the holdout; interval of 1.96 standard errors to
-- each side (normal approximation, rough on small holdouts); empty where a group has nobody.
with treatments as (

    select
        experiment_id,
        experiment_name,
        treated_date,
        case when is_holdout then 0 else 1 end as is_treated,
        case when is_returned then 1 else 0 end as is_returned,
        case when is_ordered then 1 else 0 end as is_ordered,
        case when is_churned_again then 1 else 0 end as is_churned_again
    from {{ ref('fct_winback') }}
    where treatment_source = 'experiment' and is_churned and is_mature

),

placed as (

    select *
    from treatments
    union all
    select
        'all' as experiment_id,
        'all' as experiment_name,
        treated_date,
        is_treated,
        is_returned,
        is_ordered,
        is_churned_again
    from treatments

),

summed as (

    select
        experiment_id,
        experiment_name,
        min(treated_date) as first_treated_date,
        {% for group, flag in [('treated', 1), ('holdout', 0)] %}
        sum(case when is_treated = {{ flag }} then 1 else 0 end) as {{ group }}_users,
        {% for measure, column in [
            ('returned', 'is_returned'), ('ordered', 'is_ordered'),
            ('churned_again', 'is_churned_again'),
        ] %}
        sum(case when is_treated = {{ flag }} then {{ column }} else 0 end)
            as {{ group }}_{{ measure }}_users,
        {% endfor %}
        {% endfor %}
        max(treated_date) as last_treated_date
    from placed
    group by experiment_id, experiment_name

),

measured as (

    select
        *,
        {{ ratio('treated_ordered_users', 'treated_users') }} as treated_success_ratio,
        {{ ratio('holdout_ordered_users', 'holdout_users') }} as holdout_success_ratio,
        cast(
            round(
                sqrt(
                    {% for group in ['treated', 'holdout'] %}
                    cast({{ group }}_ordered_users as double)
                    * cast({{ group }}_users - {{ group }}_ordered_users as double)
                    / nullif(
                        cast({{ group }}_users as double) * cast({{ group }}_users as double)
                        * cast({{ group }}_users as double), 0
                    ){{ ' +' if not loop.last }}
                    {% endfor %}
                ), 6
            ) as decimal(24, 6)
        ) as standard_error
    from summed

)

select
    experiment_id,
    experiment_name,
    first_treated_date,
    last_treated_date,
    {% for group in ['treated', 'holdout'] %}
    cast({{ group }}_users as bigint) as {{ group }}_users,
    {% for measure in ['returned', 'ordered', 'churned_again'] %}
    cast({{ group }}_{{ measure }}_users as bigint) as {{ group }}_{{ measure }}_users,
    {% endfor %}
    {{ group }}_success_ratio,
    {{ ratio(group ~ '_churned_again_users', group ~ '_returned_users') }}
        as {{ group }}_rechurn_ratio,
    {% endfor %}
    cast(treated_success_ratio - holdout_success_ratio as decimal(24, 6)) as difference_ratio,
    cast(
        treated_success_ratio - holdout_success_ratio
        - cast(1.96 as decimal(3, 2)) * standard_error as decimal(24, 6)
    ) as difference_low_ratio,
    cast(
        treated_success_ratio - holdout_success_ratio
        + cast(1.96 as decimal(3, 2)) * standard_error as decimal(24, 6)
    ) as difference_high_ratio
from measured
