-- Sessions, registrations that wait for the identity provider, invitations, and more roles.
-- Of a session the week it ends in is known and nothing finer: no row says when a citizen came or was active.
ALTER TABLE identity.account ADD COLUMN IF NOT EXISTS active boolean NOT NULL DEFAULT true;

ALTER TABLE identity.account ADD COLUMN IF NOT EXISTS tried bigint NOT NULL DEFAULT 0;

ALTER TABLE identity.account DROP CONSTRAINT IF EXISTS account_role_known;

ALTER TABLE identity.account DROP CONSTRAINT IF EXISTS account_agency_of_officers;

ALTER TABLE identity.account DROP CONSTRAINT IF EXISTS account_role_one_of_six;

ALTER TABLE identity.account ADD CONSTRAINT account_role_one_of_six
    CHECK (role IN ('citizen', 'officer', 'agency_head', 'executive', 'operator', 'auditor'));

ALTER TABLE identity.account DROP CONSTRAINT IF EXISTS account_agency_of_its_people;

ALTER TABLE identity.account ADD CONSTRAINT account_agency_of_its_people
    CHECK ((role IN ('officer', 'agency_head')) = (agency IS NOT NULL));

CREATE TABLE IF NOT EXISTS identity.session (
    family_id uuid NOT NULL,
    account_id uuid NOT NULL,
    digest bytea NOT NULL,
    last_week bigint NOT NULL,
    CONSTRAINT session_pk PRIMARY KEY (family_id)
);

CREATE INDEX IF NOT EXISTS session_account ON identity.session (account_id);

CREATE TABLE IF NOT EXISTS identity.registration (
    registration_id uuid NOT NULL,
    login_digest bytea NOT NULL,
    password_hash text NOT NULL,
    facts bytea NOT NULL,
    CONSTRAINT registration_pk PRIMARY KEY (registration_id)
);

CREATE TABLE IF NOT EXISTS identity.invitation (
    digest bytea NOT NULL,
    agency text NOT NULL,
    login_digest bytea,
    expires_at timestamptz NOT NULL,
    CONSTRAINT invitation_pk PRIMARY KEY (digest)
);

GRANT DELETE ON identity.account TO jagawarga_identity;

GRANT SELECT, INSERT, UPDATE, DELETE ON identity.session TO jagawarga_identity;

GRANT SELECT, INSERT, UPDATE, DELETE ON identity.registration TO jagawarga_identity;

GRANT SELECT, INSERT, UPDATE, DELETE ON identity.invitation TO jagawarga_identity;
