-- Where the sends went that were made before 0025, which added the column: without it nothing of theirs could be taken
-- back. What Synapse told of an event says so surely; else it went into the room that the conversation has.
UPDATE outbox AS o SET room_id = coalesce(
  (SELECT i.room_id FROM inbox i WHERE i.event_id = o.event_id),
  (SELECT c.room_id FROM conversations c WHERE c.id = o.conversation_id))
WHERE o.room_id IS NULL AND o.event_id IS NOT NULL;
