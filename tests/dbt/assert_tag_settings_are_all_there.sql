-- Settings that a tag or persona reads and the seed lacks: without one its rule would never hold.
{% set names = ['fresh_days', 'behaviour_months', 'persona_minimum_votes'] %}

with settings as (

    {{ pivoted_settings(ref('tag_settings'), names) }}

)

{% for name in names %}
select '{{ name }}' as missing_setting
from settings
where {{ name }} is null
{% if not loop.last %}
union all
{% endif %}
{% endfor %}
