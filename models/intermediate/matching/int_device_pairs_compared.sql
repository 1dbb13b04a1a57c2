-- Grain: one row per pair of devices of one home network and region, with the level of each
-- comparison. Purpose score: a device that nobody is tied to, and one with a single owner.
-- Purpose train: two devices with a single owner each, from which weights are learned.
{% set compared = [
    'os', 'os_version', 'device_model', 'screen', 'language', 'timezone', 'is_common_locale',
    'main_day_part', 'second_day_part', 'favourite_page', 'second_page', 'first_event_date',
    'last_event_date', 'network_device_count', 'home_day_count',
] %}

with profiles as (

    select *
    from {{ ref('int_devices_profiled') }}

),

eligible as (

    select
        *,
        linked_customer_count = 0 as is_unowned,
        login_customer_count = 1 and linked_customer_count = 1 as is_owned
    from profiles
    where is_comparable

),

paired as (

    select
        lef.device_id_hash,
        rig.device_id_hash as other_device_id_hash,
        {% for column in compared %}
        lef.{{ column }} as {{ column }}_l,
        rig.{{ column }} as {{ column }}_r,
        {% endfor %}
        lef.block_key,
        rig.single_customer_id as owner_customer_id,
        rig.owner_label,
        case when lef.is_unowned then 'score' else 'train' end as pair_purpose,
        case when lef.is_owned then lef.owner_label = rig.owner_label end as is_same_owner
    from eligible as lef
    inner join eligible as rig
        on lef.block_key = rig.block_key
    where
        rig.is_owned
        and (lef.is_unowned or (lef.is_owned and lef.device_id_hash < rig.device_id_hash))

)

select
    device_id_hash,
    other_device_id_hash,
    pair_purpose,
    {% for comparison in var('match_comparisons') %}
    {{ match_level(comparison) }} as {{ comparison['name'] }}_level,
    {% endfor %}
    block_key,
    owner_customer_id,
    owner_label,
    is_same_owner
from paired
