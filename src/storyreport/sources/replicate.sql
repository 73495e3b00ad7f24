-- Replicate's predictions → core tables.
-- A view src_<table> has the rows to load; src_statuses translates words.

-- predictions: calls
-- The running time of the model is billed. A prediction that is there twice counts as it was last.
with predictions as (
    select
        src_replicate_predictions.*,
        row_number() over (
            partition by id
            order by completed_at desc, started_at desc, position desc
        ) as place
    from src_replicate_predictions
)

select
    predictions.id as source_key,
    'replicate' as provider,
    'predictions' as endpoint,
    coalesce(predictions.model, '') as model,
    words.status,
    predictions.status as source_status,
    nullif(predictions.error, '') as error_message,
    coalesce(predictions.started_at, predictions.created_at) as called_at,
    coalesce(
        predictions.predict_time,
        case
            when predictions.started_at <= predictions.completed_at
                then cast(
                    round((julianday(predictions.completed_at) - julianday(predictions.started_at)) * 86400000)
                    as integer
                )
        end
    ) as duration_ms,
    predictions.input_tokens,
    predictions.output_tokens
from predictions
left join src_statuses as words on words.word = lower(trim(predictions.status))
where predictions.place = 1;
