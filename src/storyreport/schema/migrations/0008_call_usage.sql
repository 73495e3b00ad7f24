-- What a price list asks of a call besides its tokens in and out: the kinds of tokens (each among the input or output
-- tokens), what is not counted in tokens, and the tier that was asked for.
alter table calls add column tier text not null default '';
alter table calls add column context_tokens integer;
alter table calls add column cache_write_1h_tokens integer;
alter table calls add column reasoning_tokens integer;
alter table calls add column citation_tokens integer;
alter table calls add column input_audio_tokens integer;
alter table calls add column cache_audio_read_tokens integer;
alter table calls add column output_audio_tokens integer;
alter table calls add column input_image_tokens integer;
alter table calls add column cache_image_read_tokens integer;
alter table calls add column output_image_tokens integer;
alter table calls add column input_video_tokens integer;
alter table calls add column output_video_tokens integer;
alter table calls add column web_searches integer;
alter table calls add column file_searches integer;
alter table calls add column input_characters integer;
alter table calls add column audio_seconds real;
-- Who a call was for: {"team": "…", "project": "…", "tag": ["…"], "user": a hash, "key": a hash}.
alter table calls add column labels text;
create index calls_failed on calls (source_id, day) where status = 'failed';

-- What a million tokens cost by the price list, of its own models and of those that calls name: to compare with.
create table list_prices (
    provider text not null,
    model text not null,
    listed_as text not null,
    is_usual integer not null,
    input_price real not null,
    output_price real not null,
    cache_read_price real not null,
    cache_write_price real not null,
    cache_write_1h_price real not null,
    version text not null,
    primary key (provider, model)
) without rowid;
