-- Grain: one row per strong identifier, with the group of accounts it belongs to.
-- A component with two id cards is taken apart: no group ever holds two.
select
    grouped.node,
    coalesce(separated.seed_node, grouped.component) as group_node,
    separated.node is not null as is_separated
from {{ ref('int_accounts_grouped') }} as grouped
left join {{ ref('int_accounts_separated') }} as separated
    on grouped.node = separated.node
