-- Grain: one row per membership of the private domain: contact of a member of the staff in WeCom,
-- place in a community group, account with a membership number (since it registered; one that never
-- said when anything happened is left out). Nobody leaves before joining.
with contacts as (

    select *
    from {{ ref('stg_channel__wecom_contacts') }}

),

members as (

    select *
    from {{ ref('stg_channel__community_members') }}

),

customers as (

    select
        *,
        coalesce(registered_at, updated_at) as joined_at
    from {{ ref('stg_crm__customers') }}
    where member_number_hash is not null

),

identifiers as (

    select *
    from {{ ref('int_identifiers_resolved') }}

),

unioned as (

    select
        'wecom' as membership_kind,
        'wecom_user' as identifier_type,
        external_user_id_hash as identifier_value,
        staff_id as unit_id,
        contact_source as join_source,
        added_at as joined_at,
        added_date as joined_date,
        removed_at as left_at
    from contacts
    union all
    select
        'community' as membership_kind,
        'wecom_user' as identifier_type,
        external_user_id_hash as identifier_value,
        group_id as unit_id,
        cast(null as string) as join_source,
        joined_at,
        joined_date,
        left_at
    from members
    union all
    select
        'membership' as membership_kind,
        'customer' as identifier_type,
        customer_id as identifier_value,
        'programme' as unit_id,
        cast(null as string) as join_source,
        joined_at,
        {{ business_day('joined_at') }} as joined_date,
        deleted_at as left_at
    from customers
    where joined_at is not null

)

select
    unioned.membership_kind,
    unioned.identifier_value,
    unioned.unit_id,
    unioned.join_source,
    unioned.joined_at,
    unioned.joined_date,
    case
        when unioned.left_at < unioned.joined_at then unioned.joined_at
        else unioned.left_at
    end as left_at,
    case
        when unioned.left_at < unioned.joined_at then unioned.joined_date
        else {{ business_day('unioned.left_at') }}
    end as left_date,
    identifiers.user_key,
    -- Whoever no user is known for is a person all the same.
    coalesce(identifiers.user_key, unioned.identifier_value) as person_key
from unioned
left join identifiers
    on
        unioned.identifier_type = identifiers.identifier_type
        and unioned.identifier_value = identifiers.identifier_value
