-- Grain: one row per strong identifier, with the group of accounts it belongs to in the end.
select
    split_groups.node,
    coalesce(adopted.owner_node, split_groups.group_node) as group_node,
    split_groups.is_separated,
    adopted.group_node is not null as is_adopted
from {{ ref('int_accounts_split') }} as split_groups
left join {{ ref('int_groups_adopted') }} as adopted
    on split_groups.group_node = adopted.group_node
