-- Schema version 1, SQLite. Times: integer milliseconds UTC. Ids come from the caller (core/ids.py); events.id alone is
-- given here, in commit order, so that a reader with a cursor misses none.

CREATE TABLE contents (
    id         INTEGER PRIMARY KEY,
    body       BLOB NOT NULL           -- msgpack of core.model.Content
);

CREATE TABLE messages (
    id          TEXT PRIMARY KEY,
    content_id  INTEGER NOT NULL REFERENCES contents (id),
    key_id      TEXT NOT NULL,
    author      TEXT NOT NULL,         -- local@domain
    domain      TEXT NOT NULL,         -- the author's
    subject     TEXT NOT NULL,
    fields      TEXT NOT NULL,         -- JSON of what nobody searches: to, cc, bcc, tags, variables
    size        INTEGER NOT NULL,      -- octets of its content
    accepted_at INTEGER NOT NULL,
    date        INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX messages_content ON messages (content_id);

CREATE TABLE recipients (
    id         INTEGER PRIMARY KEY,
    message_id TEXT NOT NULL REFERENCES messages (id),
    address    TEXT NOT NULL,
    nexthop    TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('queued', 'deferred', 'held', 'delivered', 'bounced', 'expired',
                                              'suppressed', 'cancelled')),
    tries      INTEGER NOT NULL,
    due_at     INTEGER,
    expires_at INTEGER NOT NULL,
    lease      INTEGER,
    status     TEXT,                   -- enhanced status of the last try
    reason     TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'deferred'))),
    CHECK (lease IS NULL OR due_at IS NOT NULL)
);
CREATE INDEX recipients_due ON recipients (nexthop, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX recipients_leased ON recipients (lease) WHERE lease IS NOT NULL;
CREATE INDEX recipients_unfinished ON recipients (id, state) WHERE state IN ('queued', 'deferred', 'held');
CREATE INDEX recipients_message ON recipients (message_id);

CREATE TABLE events (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    type         TEXT NOT NULL,
    message_id   TEXT NOT NULL,
    recipient_id INTEGER NOT NULL,
    address      TEXT NOT NULL,
    detail       TEXT NOT NULL         -- JSON of core.events.Detail
);
CREATE INDEX events_message ON events (message_id);

CREATE TABLE reports (                 -- reports by mail that had their effect: the same one twice counts once
    recipient_id INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (recipient_id, digest)
) WITHOUT ROWID;

CREATE TABLE unparsed (                -- mail to a valid return path that says nothing we understand, kept whole
    id           INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    recipient_id INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    raw          BLOB NOT NULL
);

CREATE TABLE domains (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,   -- A-labels
    status     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    options    TEXT NOT NULL,          -- JSON: return_path, tracking, open_tracking, click_tracking, tls
    checked_at INTEGER,
    failures   INTEGER NOT NULL,       -- checks in a row that found it broken
    checked    TEXT NOT NULL           -- JSON of core.directory.DomainRecord, as the last check found them
) WITHOUT ROWID;

CREATE TABLE dkim_keys (
    domain_id  TEXT NOT NULL REFERENCES domains (id),
    selector   TEXT NOT NULL,
    algorithm  TEXT NOT NULL,
    sealed     BLOB NOT NULL,          -- PKCS #8, sealed by the vault
    record     TEXT NOT NULL,          -- the TXT value to publish
    created_at INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    retired_at INTEGER,
    PRIMARY KEY (domain_id, selector)
) WITHOUT ROWID;

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE,   -- SHA-256 of the key, which has 256 random bits of its own
    hint       TEXT NOT NULL,          -- its first characters, to tell keys apart
    dialect    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    permission TEXT NOT NULL,
    domains    TEXT NOT NULL,          -- that it is restricted to, parted by blanks; '' for all
    mode       TEXT NOT NULL,
    expires_at INTEGER,
    rate_limit    INTEGER,             -- requests a second
    daily_quota   INTEGER,             -- recipients
    monthly_quota INTEGER,
    last_used_at  INTEGER,
    old_hash   BLOB UNIQUE,            -- of the token before the last rotation, good until old_until
    old_until  INTEGER
) WITHOUT ROWID;

-- Lists of messages (store/messages.py). Each index ends with the message's id, which ascends with time, so it gives a
-- list in its order. By state and by domain new rows land beside the last ones; by address they land anywhere.

CREATE INDEX messages_domain ON messages (domain);
CREATE INDEX recipients_state ON recipients (state, message_id);
CREATE INDEX recipients_address ON recipients (address, message_id);
CREATE INDEX events_rare ON events (type, message_id)
    WHERE type IN ('delayed', 'complained', 'opened', 'clicked', 'unsubscribed');

CREATE TABLE message_tags (            -- two rows for each tag of a message: one for its name, one with its value
    tag        TEXT NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (tag, message_id)
) WITHOUT ROWID;
CREATE INDEX message_tags_message ON message_tags (message_id);

-- Templates: one draft each, and the versions published of it, which never change.

CREATE TABLE templates (
    id           TEXT PRIMARY KEY,
    alias        TEXT UNIQUE,
    name         TEXT NOT NULL,
    draft        TEXT NOT NULL,        -- JSON of core.template.TemplateFields
    version      INTEGER NOT NULL,     -- the newest published one, 0 for none
    published_at INTEGER,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    edited_at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE template_versions (
    template_id  TEXT NOT NULL REFERENCES templates (id),
    number       INTEGER NOT NULL,
    fields       TEXT NOT NULL,        -- JSON of core.template.TemplateFields
    published_at INTEGER NOT NULL,
    PRIMARY KEY (template_id, number)
) WITHOUT ROWID;

CREATE TABLE idempotency (             -- answers to requests that must not be carried out twice
    key_id      TEXT NOT NULL,         -- the API key's
    name        TEXT NOT NULL,         -- the Idempotency-Key header
    fingerprint BLOB NOT NULL,         -- SHA-256 of what was asked
    answer      BLOB NOT NULL,         -- the body that was answered
    at          INTEGER NOT NULL,
    PRIMARY KEY (key_id, name)
) WITHOUT ROWID;
CREATE INDEX idempotency_at ON idempotency (at);

-- Reports by mail.

CREATE TABLE transient_bounces (       -- mail that came back without proving its address bad; too many suppress it
    domain       TEXT NOT NULL,        -- the author's
    address      TEXT NOT NULL,        -- lower case
    recipient_id INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    forgiven_by  INTEGER,              -- the recipient whose later delivery showed that the address works
    PRIMARY KEY (domain, address, recipient_id)
) WITHOUT ROWID;
CREATE INDEX transient_bounces_at ON transient_bounces (at);

CREATE TABLE report_forwarding (       -- where a domain's owner wants its reports; no row: as the configuration says
    domain  TEXT PRIMARY KEY,
    address TEXT NOT NULL              -- empty: nowhere
) WITHOUT ROWID;

-- Suppressions: addresses that get no mail.

CREATE TABLE suppressions (
    id         TEXT PRIMARY KEY,
    address    TEXT NOT NULL,          -- lower case
    domain     TEXT NOT NULL,          -- the author domain it holds for; '' for the whole gateway
    reason     TEXT NOT NULL CHECK (reason IN ('manual', 'bounce', 'complaint', 'unsubscribe')),
    cause      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (address, domain)
) WITHOUT ROWID;
