-- Settings that a model reads and the seed lacks: without one nothing would be withheld or learned.
{% set names = ['contact_cap', 'contact_days', 'smoothing_users', 'smoothing_takers'] %}

with settings as (

    {{ pivoted_settings(ref('scenario_settings'), names) }}

)

{% for name in names %}
select '{{ name }}' as missing_setting
from settings
where {{ name }} is null
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
