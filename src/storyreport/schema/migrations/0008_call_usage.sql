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
create index calls_failed on calls (source_id, day) where status = 'failed';
