-- The identity context: who is who. Nothing here says when somebody was active, and nothing elsewhere refers here.
CREATE SCHEMA IF NOT EXISTS identity;

CREATE TABLE IF NOT EXISTS identity.account (
    account_id uuid NOT NULL,
    login_digest bytea NOT NULL,
    role text NOT NULL,
    agency text,
    password_hash text NOT NULL,
    facts bytea NOT NULL,
    CONSTRAINT account_pk PRIMARY KEY (account_id),
    CONSTRAINT account_login_once UNIQUE (login_digest),
    CONSTRAINT account_role_known CHECK (role IN ('citizen', 'officer', 'operator')),
    CONSTRAINT account_agency_of_officers CHECK ((role = 'officer') = (agency IS NOT NULL))
);

GRANT USAGE ON SCHEMA identity TO jagawarga_identity;

GRANT SELECT, INSERT, UPDATE ON identity.account TO jagawarga_identity;
