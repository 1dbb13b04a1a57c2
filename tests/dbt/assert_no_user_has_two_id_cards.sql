-- One row per user with more than one id card: two people in one.
select
    user_key,
    count(*) as id_card_count
from {{ ref('bridge_user_identifier') }}
where identifier_type = 'id_card'
group by user_key
having count(*) > 1
