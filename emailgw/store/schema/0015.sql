-- Schema version 15, SQLite. One message to one recipient, stored in one statement: its parts as one row, which the
-- trigger puts where they belong. After each statement the writer waits for the interpreter's lock, which doors hold;
-- with four of them in a savepoint that was most of what storing cost.

CREATE VIEW arrivals AS SELECT
    c.id AS content, c.body AS content_body,
    m.id AS message, m.content_id AS message_content, m.key_id AS message_key, m.author AS message_author,
    m.domain AS message_domain, m.subject AS message_subject, m.fields AS message_fields, m.size AS message_size,
    m.accepted_at AS message_accepted_at, m.date AS message_date, m.expires_at AS message_expires_at,
    r.id AS recipient, r.message_id AS recipient_message, r.address AS recipient_address,
    r.nexthop AS recipient_nexthop, r.state AS recipient_state, r.tries AS recipient_tries,
    r.due_at AS recipient_due_at, r.expires_at AS recipient_expires_at, r.lease AS recipient_lease,
    r.status AS recipient_status, r.reason AS recipient_reason, r.updated_at AS recipient_updated_at,
    r.dsn AS recipient_dsn,
    e.at AS event_at, e.type AS event_type, e.message_id AS event_message, e.recipient_id AS event_recipient,
    e.address AS event_address, e.detail AS event_detail, e.domain AS event_domain
FROM messages m JOIN contents c ON c.id = m.content_id JOIN recipients r ON r.message_id = m.id
JOIN events e ON e.message_id = m.id AND e.recipient_id = r.id;

CREATE TRIGGER arriving INSTEAD OF INSERT ON arrivals BEGIN
    INSERT INTO contents (id, body) VALUES (NEW.content, NEW.content_body);
    INSERT INTO messages
        (id, content_id, key_id, author, domain, subject, fields, size, accepted_at, date, expires_at)
    VALUES
        (NEW.message, NEW.message_content, NEW.message_key, NEW.message_author, NEW.message_domain,
         NEW.message_subject, NEW.message_fields, NEW.message_size, NEW.message_accepted_at, NEW.message_date,
         NEW.message_expires_at);
    INSERT INTO recipients
        (id, message_id, address, nexthop, state, tries, due_at, expires_at, lease, status, reason, updated_at, dsn)
    VALUES
        (NEW.recipient, NEW.recipient_message, NEW.recipient_address, NEW.recipient_nexthop, NEW.recipient_state,
         NEW.recipient_tries, NEW.recipient_due_at, NEW.recipient_expires_at, NEW.recipient_lease,
         NEW.recipient_status, NEW.recipient_reason, NEW.recipient_updated_at, NEW.recipient_dsn);
    INSERT INTO events (at, type, message_id, recipient_id, address, detail, domain)
    VALUES
        (NEW.event_at, NEW.event_type, NEW.event_message, NEW.event_recipient, NEW.event_address, NEW.event_detail,
         coalesce(nullif(NEW.event_domain, ''), NEW.message_domain));
END;
