-- Grain: one row per user, quarter and attribute whose truth was told in the quarter, with what the
-- persona of the day before the quarter said: the own value where there was one, else what most
-- users of the same cell have, else of the wider one, else of all. The own value has no vote in
-- the guess, which is judged beside the persona. Who came in the quarter had no persona: no row.
{%
    set attributes = [
        ('age_band', 'age_band', ['occupation', 'event_class', 'product_line']),
        ('income_band', 'income_band', ['occupation', 'event_class', 'product_line']),
        ('scenario_need', 'bought_scenario', ['browsed_scenario', 'product_line']),
    ]
%}
{% set levels = [(1, 'cell'), (2, 'wide_cell'), (3, "'all'")] %}

with traits as (

    select *
    from {{ ref('int_persona_traits_held') }}

),

truths as (

    select *
    from {{ ref('int_persona_truths_told') }}

),

settings as (

    {{ pivoted_settings(ref('tag_settings'), ['persona_minimum_votes']) }}

),

held as (

    {% for attribute, own_value, traits in attributes %}
    select
        user_key,
        quarter_date,
        '{{ attribute }}' as attribute_name,
        {{ own_value }} as own_value,
        concat_ws('|', {{ traits | join(', ') }}) as cell,
        {{ traits[0] }} as wide_cell
    from traits
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

votes as (

    {% for level, cell in levels %}
    select
        quarter_date,
        attribute_name,
        {{ level }} as cell_level,
        {{ cell }} as cell_code,
        own_value as vote_value,
        count(*) as vote_count
    from held
    where own_value is not null
    group by quarter_date, attribute_name, own_value{{ ', ' ~ cell if level < 3 }}
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

asked as (

    select
        truths.*,
        held.own_value,
        held.cell,
        held.wide_cell
    from truths
    inner join held
        on
            truths.user_key = held.user_key
            and truths.quarter_date = held.quarter_date
            and truths.attribute_name = held.attribute_name

),

places as (

    {% for level, cell in levels %}
    select
        user_key,
        quarter_date,
        attribute_name,
        own_value,
        {{ level }} as cell_level,
        {{ cell }} as cell_code
    from asked
    {% if not loop.last %}
    union all
    {% endif %}
    {% endfor %}

),

counted as (

    select
        places.user_key,
        places.quarter_date,
        places.attribute_name,
        places.cell_level,
        votes.vote_value,
        votes.vote_count - case when votes.vote_value = places.own_value then 1 else 0 end
            as vote_count
    from places
    inner join votes
        on
            places.quarter_date = votes.quarter_date
            and places.attribute_name = votes.attribute_name
            and places.cell_level = votes.cell_level
            and places.cell_code = votes.cell_code

),

ranked as (

    select
        *,
        sum(vote_count) over (
            partition by user_key, quarter_date, attribute_name, cell_level
        ) as cell_votes,
        row_number() over (
            partition by user_key, quarter_date, attribute_name, cell_level
            order by vote_count desc, vote_value asc
        ) as vote_rank
    from counted

),

winners as (

    select
        ranked.user_key,
        ranked.quarter_date,
        ranked.attribute_name,
        min(case
            when ranked.cell_votes >= settings.persona_minimum_votes then ranked.cell_level
        end) as chosen_level,
        max(case when ranked.cell_level = 1 then ranked.vote_value end) as cell_value,
        max(case when ranked.cell_level = 2 then ranked.vote_value end) as wide_value,
        max(case when ranked.cell_level = 3 then ranked.vote_value end) as majority_value
    from ranked
    cross join settings
    where ranked.vote_rank = 1 and ranked.vote_count > 0
    group by ranked.user_key, ranked.quarter_date, ranked.attribute_name

),

guessed as (

    select
        *,
        case chosen_level
            when 1 then cell_value
            when 2 then wide_value
            when 3 then majority_value
        end as guessed_value
    from winners

)

select
    asked.user_key,
    asked.quarter_date,
    asked.attribute_name,
    asked.true_value,
    asked.truth_basis,
    coalesce(asked.own_value, guessed.guessed_value) as predicted_value,
    case
        when asked.own_value is not null then 'own'
        when guessed.chosen_level = 1 then 'cell'
        when guessed.chosen_level = 2 then 'wide_cell'
        when guessed.chosen_level = 3 then 'all'
        else 'none'
    end as prediction_basis,
    guessed.guessed_value,
    guessed.majority_value
from asked
left join guessed
    on
        asked.user_key = guessed.user_key
        and asked.quarter_date = guessed.quarter_date
        and asked.attribute_name = guessed.attribute_name
