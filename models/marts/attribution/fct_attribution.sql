-- Grain: one row per conversion (a registration or an order) and engagement on its path; one row
-- alone where nothing is on the path. Each model's shares of a conversion add up to 1.
-- A share is the difference of two rounded running sums, so that rounding never loses a credit.
{% set models = [
    'last', 'first', 'last_non_direct', 'linear', 'position', 'time_decay', 'markov', 'shapley',
] %}
with paths as (

    select *
    from {{ ref('int_conversion_paths_built') }}

),

acquired as (

    select *
    from {{ ref('int_users_acquired') }}

),

orders as (

    select *
    from {{ ref('int_orders_valued') }}

),

decay as (

    select *
    from {{ ref('attribution_decay') }}

),

oldest as (

    select max(days_before) as days_before
    from decay

),

-- What is lost of the conversions without a channel; families markov_registration, markov_order.
removal as (

    select
        case model_family when 'markov_order' then 'order' else 'registration' end
            as conversion_kind,
        label as channel_code,
        cast(value as decimal(24, 6)) as removal_effect
    from {{ ref('int_value_parameters_promoted') }}
    where model_family in ('markov_registration', 'markov_order') and kind = 'parameter'

),

fitted as (

    select
        conversion_kind,
        count(*) as channel_count
    from removal
    group by conversion_kind

),

weighed as (

    select
        paths.*,
        case when paths.step_number = 1 then 1 else 0 end as first_weight,
        case when paths.last_touch_rank = 1 then 1 else 0 end as last_weight,
        case when paths.last_non_direct_rank = 1 then 1 else 0 end as last_non_direct_weight,
        1 as linear_weight,
        case
            when paths.step_count <= 2 then 1
            when paths.step_number in (1, paths.step_count) then 2 * (paths.step_count - 2)
            else 1
        end as position_weight,
        decay.weight as time_decay_weight,
        case when paths.channel_step_rank = 1 then 1 else 0 end as shapley_weight,
        case
            when fitted.conversion_kind is null then null
            when paths.channel_step_rank = 1 then coalesce(removal.removal_effect, 0)
            else 0
        end as removal_effect
    from paths
    cross join oldest
    inner join decay
        on
            least(
                {{ days_between(
                    'cast(paths.engaged_at as date)', 'cast(paths.converted_at as date)'
                ) }},
                oldest.days_before
            ) = decay.days_before
    left join fitted
        on paths.conversion_kind = fitted.conversion_kind
    left join removal
        on
            paths.conversion_kind = removal.conversion_kind
            and paths.channel_code = removal.channel_code

),

-- Where no channel of a path would be missed, they share alike.
judged as (

    select
        *,
        case
            when
                sum(removal_effect) over (partition by conversion_kind, conversion_id) = 0
                then shapley_weight
            else removal_effect
        end as markov_weight
    from weighed

),

-- noqa: disable=LT02
summed as (

    select
        *,
        {% for model in models %}
        sum({{ model }}_weight) over (
            partition by conversion_kind, conversion_id
            order by step_number
            rows between unbounded preceding and current row
        ) as {{ model }}_so_far,
        sum({{ model }}_weight) over (partition by conversion_kind, conversion_id)
            as {{ model }}_total{{ ',' if not loop.last }}
        {% endfor %}
    from judged

),

shared as (

    select
        conversion_kind,
        conversion_id,
        touch_kind,
        touch_id,
        campaign_id,
        channel_code,
        engaged_at,
        step_number,
        step_count,
        {% for model in models %}
        cast(
            {{ ratio(model ~ '_so_far', model ~ '_total') }}
            - {{ ratio(model ~ '_so_far - ' ~ model ~ '_weight', model ~ '_total') }}
            as decimal(7, 6)
        ) as {{ model }}_share{{ ',' if not loop.last }}
        {% endfor %}
    from summed

),

conversions as (

    select
        'registration' as conversion_kind,
        user_key as conversion_id,
        user_key,
        registration_date as conversion_date,
        false as is_first_order,
        false as is_funded_order,
        cast(0 as decimal(18, 2)) as margin_amount,
        acquisition_campaign_id as campaign_id,
        acquisition_channel_code as channel_code
    from acquired
    union all
    select
        'order' as conversion_kind,
        order_id as conversion_id,
        user_key,
        order_date as conversion_date,
        order_number = 1 as is_first_order,
        order_status in ('funded', 'completed', 'defaulted') as is_funded_order,
        margin_amount,
        cast(null as string) as campaign_id,
        'unattributed' as channel_code
    from orders

)

select
    {{ surrogate_key([
        'conversions.conversion_kind', 'conversions.conversion_id', 'shared.touch_kind',
        'shared.touch_id',
    ]) }} as attribution_key,
    conversions.conversion_kind,
    conversions.conversion_id,
    conversions.user_key,
    conversions.conversion_date,
    conversions.is_first_order,
    coalesce(conversions.is_funded_order, false) as is_funded_order,
    conversions.margin_amount,
    shared.touch_kind,
    shared.touch_id,
    shared.engaged_at,
    coalesce(shared.step_number, 0) as step_number,
    coalesce(shared.step_count, 0) as step_count,
    case when shared.touch_id is null then conversions.campaign_id else shared.campaign_id end
        as campaign_id,
    coalesce(shared.channel_code, conversions.channel_code) as channel_code,
    {% for model in models %}
    case
        when shared.touch_id is not null then shared.{{ model }}_share
        {% if model == 'markov' %}
        when fitted.conversion_kind is null then null
        {% endif %}
        else cast(1 as decimal(7, 6))
    end as {{ model }}_share{{ ',' if not loop.last }}
    {% endfor %}
from conversions
left join shared
    on
        conversions.conversion_kind = shared.conversion_kind
        and conversions.conversion_id = shared.conversion_id
left join fitted
    on conversions.conversion_kind = fitted.conversion_kind
