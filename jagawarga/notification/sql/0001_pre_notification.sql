-- The notification context: inboxes of named reporters, and what has been consumed. Knows pseudonyms only.
CREATE SCHEMA IF NOT EXISTS notification;

CREATE TABLE IF NOT EXISTS notification.processed_event (
    event_id uuid NOT NULL,
    CONSTRAINT processed_event_pk PRIMARY KEY (event_id)
);

CREATE TABLE IF NOT EXISTS notification.notice (
    notification_id uuid NOT NULL,
    event_id uuid NOT NULL,
    recipient text NOT NULL,
    report_id uuid NOT NULL,
    type text NOT NULL,
    status text NOT NULL,
    holder text NOT NULL,
    at timestamptz NOT NULL,
    CONSTRAINT notice_pk PRIMARY KEY (notification_id),
    CONSTRAINT notice_event_once UNIQUE (event_id)
);

CREATE INDEX IF NOT EXISTS notice_inbox ON notification.notice (recipient, at DESC);

GRANT USAGE ON SCHEMA notification TO jagawarga_notification;

GRANT SELECT, INSERT ON notification.processed_event TO jagawarga_notification;

GRANT SELECT, INSERT ON notification.notice TO jagawarga_notification;
