-- E-mail and push beside the inbox: what each pseudonym wants, where it can be reached (sealed), and what is to be sent.
ALTER TABLE notification.notice ADD COLUMN IF NOT EXISTS is_read boolean NOT NULL DEFAULT false;

GRANT UPDATE ON notification.notice TO jagawarga_notification;

CREATE TABLE IF NOT EXISTS notification.preference (
    recipient text NOT NULL,
    version bigint NOT NULL,
    wanted text[] NOT NULL,
    reachable boolean NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT preference_pk PRIMARY KEY (recipient)
);

CREATE TABLE IF NOT EXISTS notification.push_subscription (
    subscription_id uuid NOT NULL,
    recipient text NOT NULL,
    endpoint_digest bytea NOT NULL,
    sealed bytea NOT NULL,
    CONSTRAINT push_subscription_pk PRIMARY KEY (subscription_id),
    CONSTRAINT push_subscription_once UNIQUE (endpoint_digest)
);

CREATE INDEX IF NOT EXISTS push_subscription_recipient ON notification.push_subscription (recipient);

CREATE TABLE IF NOT EXISTS notification.delivery (
    recipient text NOT NULL,
    event_id uuid NOT NULL,
    channel text NOT NULL,
    report_id uuid,
    type text NOT NULL,
    status text NOT NULL,
    holder text NOT NULL,
    private boolean NOT NULL,
    at timestamptz NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    leased_until timestamptz NOT NULL,
    CONSTRAINT delivery_once PRIMARY KEY (recipient, event_id, channel),
    CONSTRAINT delivery_state CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
    CONSTRAINT delivery_channel CHECK (channel IN ('email', 'push'))
);

CREATE INDEX IF NOT EXISTS delivery_due ON notification.delivery (channel, due_at) WHERE state = 'queued';

CREATE INDEX IF NOT EXISTS delivery_under_way ON notification.delivery (channel, leased_until) WHERE state = 'sending';

CREATE INDEX IF NOT EXISTS delivery_settled ON notification.delivery (at) WHERE state IN ('sent', 'failed');

GRANT SELECT, INSERT, UPDATE ON notification.preference TO jagawarga_notification;

GRANT SELECT, INSERT, UPDATE, DELETE ON notification.push_subscription TO jagawarga_notification;

GRANT SELECT, INSERT, UPDATE, DELETE ON notification.delivery TO jagawarga_notification;
