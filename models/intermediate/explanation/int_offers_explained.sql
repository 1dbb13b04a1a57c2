-- Grain: one row per registered user who is not deleted, term and its value: the scenario that is
-- offered, or where none is that with the highest score, and every reason against it.
-- Contributions add up to its score; a term that changes nothing is left out.
with registered as (

    select *
    from {{ ref('int_users_registered') }}

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}
    where not is_deleted

),

users as (

    select registered.user_key
    from registered
    inner join accounts
        on registered.user_key = accounts.user_key

),

ranked as (

    select
        *,
        row_number() over (
            partition by user_key
            order by case when is_offered then 0 else 1 end, scenario_rank
        ) as told_rank
    from {{ ref('int_offers_ranked') }}

),

withheld as (

    select *
    from {{ ref('int_offers_withheld') }}

),

told as (

    select ranked.*
    from ranked
    inner join users
        on ranked.user_key = users.user_key
    where ranked.told_rank = 1

),

terms as (
    {% for term, value, contribution in [
        ('scenario', 'scenario_code', 'null'),
        ('is_offered', "case when is_offered then 'yes' else 'no' end", 'null'),
        ('expected_margin', 'score_amount', 'null'),
        ('popularity', 'null', 'popularity_term'),
        ('interest', 'interest', 'interest_term'),
        ('lifecycle_stage', 'lifecycle_stage', 'lifecycle_stage_term'),
        ('age_band', 'age_band', 'age_band_term'),
        ('preferred_product_line', 'preferred_product_line', 'preferred_product_line_term'),
    ] %}
    select
        user_key,
        '{{ term }}' as term_code,
        cast({{ value }} as string) as value_text,
        cast({{ contribution }} as decimal(24, 9)) as contribution
    from told
    {{ 'where ' ~ contribution ~ ' <> 0' if contribution != 'null' }}
    union all
    {% endfor %}
    select
        told.user_key,
        'withheld' as term_code,
        withheld.reason_code as value_text,
        cast(null as decimal(24, 9)) as contribution
    from told
    inner join withheld
        on
            told.user_key = withheld.user_key
            and told.scenario_code = withheld.scenario_code

)

select
    user_key,
    'next_best_scenario' as subject,
    term_code,
    value_text,
    contribution
from terms
