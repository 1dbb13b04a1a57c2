-- Grain: one row per pair of identifiers (or identifier alone) on which an analyst decided, with
-- the latest decision that was not undone. The smaller node comes first; alone, node_b is empty.
-- What an analyst knows today holds for every as-of date.
with decisions as (

    select
        decision_id,
        decided_at,
        action as decision_action,
        left_type,
        left_value,
        right_type,
        right_value,
        undoes_decision_id,
        decision_sequence
    from {{ source('identity', 'decisions') }}

),

undone as (

    select undoes_decision_id
    from decisions
    where decision_action = 'undo'
    group by undoes_decision_id

),

pairs as (

    select
        decisions.decision_id,
        decisions.decision_action,
        decisions.decided_at,
        decisions.decision_sequence,
        decisions.left_type || ':' || decisions.left_value as left_node,
        decisions.right_type || ':' || decisions.right_value as right_node
    from decisions
    left join undone
        on decisions.decision_id = undone.undoes_decision_id
    where undone.undoes_decision_id is null and decisions.decision_action in ('link', 'cut')

),

ordered as (

    select
        decision_id,
        decision_action,
        decided_at,
        coalesce(least(left_node, right_node), left_node) as node_a,
        case when right_node is not null then greatest(left_node, right_node) end as node_b,
        row_number() over (
            partition by
                coalesce(least(left_node, right_node), left_node),
                case when right_node is not null then greatest(left_node, right_node) end
            order by decision_sequence desc, decision_id desc
        ) as decision_rank
    from pairs

)

select
    node_a,
    node_b,
    split_part(node_a, ':', 1) as type_a,
    substr(node_a, length(split_part(node_a, ':', 1)) + 2) as value_a,
    split_part(node_b, ':', 1) as type_b,
    substr(node_b, length(split_part(node_b, ':', 1)) + 2) as value_b,
    decision_action,
    decision_id,
    decided_at
from ordered
where decision_rank = 1
