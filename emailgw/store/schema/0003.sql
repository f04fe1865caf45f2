-- Schema version 3, SQLite. Webhook endpoints, and what each of them is still to be told.

CREATE TABLE webhooks (
    id         TEXT PRIMARY KEY,
    url        TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
    reason     TEXT NOT NULL,          -- of its status, in words
    options    TEXT NOT NULL,          -- JSON: events, domains, tags, dialect, batch, description
    sealed     BLOB NOT NULL,          -- the secret, sealed by the vault
    old_sealed BLOB,                   -- the one before the last rotation, good until old_until
    old_until  INTEGER,
    from_event INTEGER NOT NULL,       -- it is told of events with ids above this one
    failures   INTEGER NOT NULL,       -- events given up in a row
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

-- One row for each endpoint and event. As with recipients, claiming moves due_at to the end of a lease.
CREATE TABLE webhook_deliveries (
    event_id    INTEGER NOT NULL,
    endpoint_id TEXT NOT NULL REFERENCES webhooks (id),
    state       TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    name        TEXT NOT NULL,         -- of the event, as the endpoint subscribes to it
    tries       INTEGER NOT NULL,
    due_at      INTEGER,
    lease       INTEGER,
    batch       INTEGER,               -- the first event of those that are sent together, from their first try on
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (event_id, endpoint_id),
    CHECK ((due_at IS NOT NULL) = (state = 'pending')),
    CHECK (lease IS NULL OR due_at IS NOT NULL)
) WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, event_id);

CREATE TABLE webhook_attempts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id TEXT NOT NULL,
    event_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    duration    INTEGER NOT NULL,      -- milliseconds
    status      INTEGER,               -- of HTTP, null when there was no answer
    response    TEXT NOT NULL          -- the beginning of the answer, or why there was none
);
CREATE INDEX webhook_attempts_event ON webhook_attempts (endpoint_id, event_id);
