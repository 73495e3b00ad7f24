-- ElevenLabs' history → core tables.
-- A view src_<table> has the rows to load; src_statuses translates words.

-- history: calls
with items as (
    select
        src_elevenlabs_items.*,
        row_number() over (partition by id order by position desc) as place
    from src_elevenlabs_items
)

select
    items.id as source_key,
    'elevenlabs' as provider,
    lower(coalesce(items.source, 'speech')) as endpoint,
    coalesce(items.model, '') as model,
    words.status,
    items.state as source_status,
    items.created_at as called_at,
    case when items.count_to >= items.count_from then items.count_to - items.count_from end as input_characters
from items
left join src_statuses as words on words.word = lower(trim(coalesce(items.state, 'created')))
where items.place = 1;
