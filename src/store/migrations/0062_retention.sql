-- What is deleted in a conversation is deleted here too, with its corrections.
CREATE INDEX inbox_corrections ON inbox ((event->'content'->'m.relates_to'->>'event_id'))
  WHERE event->'content'->'m.relates_to'->>'rel_type' = 'm.replace';
CREATE INDEX outbox_with_content ON outbox (seq) WHERE content <> '{}';
