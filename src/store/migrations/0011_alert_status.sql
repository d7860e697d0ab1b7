-- conversations: who has seen an alert -------------------------------------------------------------------------------------

-- Where the alert's message is in the inbox, to compare with how far people have read. NULL: it is still to come.
ALTER TABLE alerts ADD COLUMN position bigint;
