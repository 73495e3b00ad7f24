-- Pages of documents that a call read, which have a price of their own.
alter table calls add column document_pages integer;
