-- The name of a key that was revoked is free again. The old key keeps it, for the list.
ALTER TABLE api_keys DROP CONSTRAINT api_keys_name_key;
CREATE UNIQUE INDEX api_keys_in_force_by_name ON api_keys (name) WHERE revoked_at IS NULL;
