{#-
    A `select` of the devices that an incremental model must build again: those with events that
    were loaded since its last build, or that its last as-of date had still left out.
    The model keeps `load_sequence` and `built_as_of_date`.
-#}
{% macro devices_with_new_events() -%}
    select new.device_id_hash
    from {{ ref('stg_channel__app_events') }} as new
    cross join (
        select
            coalesce(max(load_sequence), -1) as load_sequence,
            coalesce(max(built_as_of_date), cast('1900-01-01' as date)) as as_of_date
        from {{ this }}
    ) as built
    where new.load_sequence > built.load_sequence or new.event_date > built.as_of_date
{%- endmacro %}
