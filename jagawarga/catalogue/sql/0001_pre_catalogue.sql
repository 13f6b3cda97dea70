-- The catalogue context: what operators declared while the server ran. Entries of config/ are never written here; they
-- come from the files at each start, and an operator's entry of the same key stands before them.

CREATE SCHEMA IF NOT EXISTS catalogue;

-- `parent` may be an agency of the files, hence no foreign key.
CREATE TABLE IF NOT EXISTS catalogue.agency (
    key text NOT NULL,
    name text NOT NULL,
    parent text,
    CONSTRAINT agency_key PRIMARY KEY (key)
);

-- `agency` answers everywhere; limits are seconds, one for each level of the ladder.
CREATE TABLE IF NOT EXISTS catalogue.category (
    key text NOT NULL,
    name text NOT NULL,
    agency text NOT NULL,
    respond_within double precision[] NOT NULL,
    resolve_within double precision[] NOT NULL,
    CONSTRAINT category_key PRIMARY KEY (key)
);

GRANT USAGE ON SCHEMA catalogue TO jagawarga_catalogue;

GRANT SELECT, INSERT, UPDATE ON catalogue.agency, catalogue.category TO jagawarga_catalogue;
