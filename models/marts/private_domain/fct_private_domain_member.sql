-- Grain: one row per membership of the private domain: contact of a member of the staff in WeCom,
-- place in a community group, account with a membership number.
with memberships as (

    select *
    from {{ ref('int_memberships_unioned') }}

),

accounts as (

    select *
    from {{ ref('int_users_surviving') }}

)

select
    {{ surrogate_key([
        'memberships.membership_kind', 'memberships.identifier_value', 'memberships.unit_id'
    ]) }} as membership_key,
    memberships.membership_kind,
    memberships.user_key,
    case when memberships.membership_kind = 'wecom' then memberships.unit_id end as staff_id,
    case when memberships.membership_kind = 'community' then memberships.unit_id end as group_id,
    memberships.join_source,
    memberships.joined_at,
    memberships.joined_date,
    memberships.left_at,
    memberships.left_date,
    memberships.left_at is null as is_member,
    accounts.user_key is not null as has_account
from memberships
left join accounts
    on memberships.user_key = accounts.user_key
