-- Schema version 18, SQLite. What each result writes, it writes less of. The operator's list is read by state and
-- message, an index that is there anyway: the one of its own was a page more in each commit of a delivery to one of
-- many domains. A success looks its message up only where its writer left the domain out.

DROP INDEX recipients_unfinished;

DROP TRIGGER succeeding;
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
    WHERE domain = coalesce(nullif(NEW.domain, ''), (SELECT m.domain FROM messages m WHERE m.id = NEW.message))
        AND address = NEW.pardoned AND forgiven_by IS NULL;
END;
