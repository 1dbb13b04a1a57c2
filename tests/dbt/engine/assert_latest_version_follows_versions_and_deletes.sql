-- Rows that latest_version keeps though a newer one stands or the row is deleted, or leaves out
-- though neither is so. Each case has its own key; the newest row of a deleted key is not kept.
with texts (key_text, version_text, sequence_text, line_text, deleted_text, latest_text) as (

    values
    -- A version delivered late does not win.
    ('late', '2024-05-02 00:00:00', '1', '1', 'false', 'true'),
    ('late', '2024-05-01 00:00:00', '2', '1', 'false', 'false'),
    -- Of the same version the later delivery wins, then the later line.
    ('same', '2024-05-01 00:00:00', '1', '9', 'false', 'false'),
    ('same', '2024-05-01 00:00:00', '2', '1', 'false', 'false'),
    ('same', '2024-05-01 00:00:00', '2', '2', 'false', 'true'),
    -- A version without value loses to every other; alone it counts.
    ('unknown', '1970-01-01 00:00:00', '1', '1', 'false', 'true'),
    ('unknown', null, '2', '1', 'false', 'false'),
    ('alone', null, '1', '1', null, 'false'),
    ('alone', null, '2', '1', null, 'true'),
    -- A deleted key has no row, not the one before either.
    ('gone', '2024-05-01 00:00:00', '1', '1', 'false', 'false'),
    ('gone', '2024-05-02 00:00:00', '2', '1', 'true', 'false'),
    -- Delivered again, it is there again.
    ('back', '2024-05-01 00:00:00', '1', '1', 'false', 'false'),
    ('back', '2024-05-02 00:00:00', '2', '1', 'true', 'false'),
    ('back', '2024-05-03 00:00:00', '3', '1', 'false', 'true'),
    -- A delete that is older than what stands deletes nothing.
    ('kept', '2024-05-02 00:00:00', '1', '1', 'false', 'true'),
    ('kept', '2024-05-01 00:00:00', '2', '1', 'true', 'false')

),

delivered as (

    select
        key_text,
        cast(version_text as timestamp) as updated_at,
        cast(sequence_text as bigint) as _load_sequence,
        cast(line_text as bigint) as _source_line,
        cast(deleted_text as boolean) as _is_deleted,
        cast(latest_text as boolean) as is_latest
    from texts

),

kept as (

    select *
    from {{ latest_version('delivered', ['key_text'], version_column='updated_at') }} as ver

),

both_sides as (

    select
        key_text,
        _load_sequence,
        _source_line,
        1 as times_expected,
        0 as times_kept
    from delivered
    where is_latest
    union all
    select
        key_text,
        _load_sequence,
        _source_line,
        0 as times_expected,
        1 as times_kept
    from kept

)

select
    key_text,
    _load_sequence,
    _source_line,
    sum(times_expected) as times_expected,
    sum(times_kept) as times_kept
from both_sides
group by key_text, _load_sequence, _source_line
having sum(times_expected) <> 1 or sum(times_kept) <> 1
