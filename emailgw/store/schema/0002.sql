-- Schema version 2, SQLite. The event log tells of everything: mail, domains, suppressions, webhook endpoints.
-- An event that is about no message has an empty message_id and recipient_id 0; `domain` is the author domain that it
-- is about, '' for the whole gateway. Events that nearly every message has need no index by type: they are everywhere.

ALTER TABLE events ADD COLUMN domain TEXT NOT NULL DEFAULT '';
UPDATE events SET domain = coalesce((SELECT m.domain FROM messages m WHERE m.id = events.message_id), '');
CREATE INDEX events_domain ON events (domain);
CREATE INDEX events_type ON events (type) WHERE type NOT IN ('queued', 'delivered');
CREATE INDEX events_other ON events (address) WHERE message_id = '';

CREATE TABLE log_cursors (             -- how far each reader of the log has come; what they have not read is kept
    reader   TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
