-- What senders by SMTP ask to be told of a recipient (RFC 3461): JSON of core.dsn.RecipientRequest, null for nothing.

ALTER TABLE recipients ADD COLUMN dsn TEXT;
