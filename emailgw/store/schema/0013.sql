-- Schema version 13, SQLite. What endpoints did not take, by age, with its batch: for when they are back after an outage.

CREATE INDEX webhook_deliveries_again ON webhook_deliveries (endpoint_id, coalesce(batch, event_id))
    WHERE due_at IS NOT NULL AND tries > 0;
