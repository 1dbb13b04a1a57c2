-- Grain: one row per pair of identifiers that were seen together or joined, with what the link
-- rests on, and what cut it if it does not hold.
with links as (

    select *
    from {{ ref('int_identifiers_linked') }}

),

resolved as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

accounts as (

    select *
    from {{ ref('int_accounts_split') }}

),

matches as (

    select *
    from {{ ref('int_devices_matched') }}
    where withheld_reason is null

),

judged as (

    select
        links.identifier_type,
        links.identifier_value,
        links.linked_type,
        links.linked_value,
        resolved.user_key,
        links.rule_code,
        case
            when links.rule_code = 'manual_link' then 'manual'
            when links.rule_code = 'crm_merge' then 'crm_merge'
            else 'deterministic'
        end as link_basis,
        links.trust,
        links.sighting_count,
        links.first_seen_at,
        links.last_seen_at,
        cast(null as decimal(8, 6)) as match_probability,
        case
            when links.cut_reason is not null then links.cut_reason
            when accounts.group_node <> others.group_node then 'joins_two_id_cards'
        end as cut_reason
    from links
    inner join resolved
        on
            links.identifier_type = resolved.identifier_type
            and links.identifier_value = resolved.identifier_value
    left join accounts
        on links.node = accounts.node
    left join accounts as others
        on links.linked_node = others.node
    union all
    select
        'device' as identifier_type,
        matches.device_id_hash as identifier_value,
        'device' as linked_type,
        matches.matched_device_id_hash as linked_value,
        resolved.user_key,
        'device_match' as rule_code,
        'probabilistic' as link_basis,
        cast(matches.match_probability * 30 as integer) as trust,
        cast(0 as bigint) as sighting_count,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_seen_at,
        matches.match_probability,
        case when matches.match_use = 'loose' then 'below_threshold' end as cut_reason
    from matches
    inner join resolved
        on
            resolved.identifier_type = 'device'
            and matches.device_id_hash = resolved.identifier_value

)

select
    {{ surrogate_key([
        'judged.identifier_type', 'judged.identifier_value', 'judged.linked_type',
        'judged.linked_value', 'judged.link_basis',
    ]) }} as link_key,
    judged.user_key,
    judged.identifier_type,
    judged.identifier_value,
    judged.linked_type,
    judged.linked_value,
    judged.rule_code,
    rules.source_name,
    judged.link_basis,
    judged.trust as weight,
    judged.sighting_count,
    judged.first_seen_at,
    judged.last_seen_at,
    judged.cut_reason is null as is_active,
    judged.cut_reason,
    judged.match_probability
from judged
left join {{ ref('identity_link_rules') }} as rules
    on judged.rule_code = rules.rule_code
