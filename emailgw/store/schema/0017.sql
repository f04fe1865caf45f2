-- Schema version 17, SQLite. What most tries end with, a delivery, recorded in one statement, of which neighbours join:
-- the recipient, its event, and the pardon of transient bounces before. Three statements for each message kept the
-- writer waiting for the interpreter's lock longer than it worked.

CREATE VIEW successes AS SELECT
    r.id AS recipient, r.lease AS lease, r.tries AS tries, r.due_at AS due_at, r.status AS status,
    r.reason AS reason, r.updated_at AS updated_at, r.address AS pardoned, e.at AS at, e.message_id AS message, e.address AS address,
    e.detail AS detail, e.domain AS domain
FROM recipients r JOIN events e ON e.recipient_id = r.id WHERE r.state = 'delivered' AND e.type = 'delivered';

CREATE TRIGGER succeeding INSTEAD OF INSERT ON successes BEGIN
    -- Mail that was handed over is delivered, whoever holds the lease now.
    UPDATE recipients SET
        state = 'delivered', tries = NEW.tries, due_at = NEW.due_at, lease = NULL, status = NEW.status,
        reason = NEW.reason, updated_at = NEW.updated_at
    WHERE id = NEW.recipient AND (lease = NEW.lease OR state IN ('queued', 'deferred', 'held'));
    SELECT RAISE(ABORT, 'the lease was lost') WHERE changes() = 0;
    INSERT INTO events (at, type, message_id, recipient_id, address, detail, domain)
    VALUES
        (NEW.at, 'delivered', NEW.message, NEW.recipient, NEW.address, NEW.detail,
         coalesce(nullif(NEW.domain, ''), (SELECT m.domain FROM messages m WHERE m.id = NEW.message), ''));
    UPDATE transient_bounces SET forgiven_by = NEW.recipient
    WHERE domain = (SELECT m.domain FROM messages m WHERE m.id = NEW.message) AND address = NEW.pardoned
        AND forgiven_by IS NULL;
END;
