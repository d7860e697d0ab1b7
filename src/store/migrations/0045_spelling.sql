-- Names are found however they are spelled. ASCII letters are compared without capitals here, the same in any locale
-- of the database; names with other letters are few and compared by Whisper itself.
CREATE INDEX users_by_spelling ON users
  (translate(username, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'));
CREATE INDEX users_beyond_ascii ON users (username) WHERE octet_length(username) <> char_length(username);
CREATE INDEX security_groups_by_spelling ON security_groups
  (translate(id, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'));
CREATE INDEX security_groups_beyond_ascii ON security_groups (id) WHERE octet_length(id) <> char_length(id);
