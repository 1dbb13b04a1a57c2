-- Grain: one row per user and attribute of the golden record, with where the value comes from.
-- The birth date itself stays inside: readers need to know that it is known, not which it is.
select
    {{ surrogate_key(['user_key', 'attribute_name']) }} as user_attribute_key,
    user_key,
    attribute_name,
    case when attribute_name <> 'birth_date' then attribute_value end as attribute_value,
    source_name,
    observed_at,
    cast(value_count as bigint) as value_count,
    cast(source_count as bigint) as source_count,
    has_conflict
from {{ ref('int_attributes_survived') }}
where is_current
