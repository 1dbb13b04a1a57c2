-- Settings that a model reads and the seed lacks: without one its rule would never hold.
{% set names = [
    'new_rhythms', 'dormant_rhythms', 'churned_rhythms', 'mature_days', 'mature_orders',
    'high_score', 'late_days', 'late_percent', 'overdue_days', 'swing_percent',
    'questionnaire_months', 'high_net_worth_amount',
] %}

with settings as (

    {{ pivoted_settings(ref('tier_settings'), names) }}

)

{% for name in names %}
select '{{ name }}' as missing_setting
from settings
where {{ name }} is null
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
