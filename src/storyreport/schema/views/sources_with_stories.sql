-- Sources whose stories are known: there are some, or the table of stories was read and is empty. A story that rows of
-- these name is missing where it is not there; of other sources no stories were read.
select id as source_id
from sources
where
    exists (
        select 1
        from stories
        where stories.source_id = sources.id
    )
    or exists (
        select 1
        from inputs
        join json_each(inputs.watermarks, '$.read') as read_tables
        where
            inputs.source_id = sources.id
            and read_tables.value = 'stories'
    )
