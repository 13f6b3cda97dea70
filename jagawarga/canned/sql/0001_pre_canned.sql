-- Canned answers: texts an agency keeps for its officers. They tell of no report and of nobody, and are not sealed.
CREATE SCHEMA IF NOT EXISTS canned;

-- `category` may be one of the files, hence no foreign key; NULL goes with everything.
CREATE TABLE IF NOT EXISTS canned.answer (
    agency text NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    text text NOT NULL,
    action text,
    category text,
    language text,
    CONSTRAINT answer_key PRIMARY KEY (agency, key),
    CONSTRAINT answer_action_known CHECK (action IN ('acknowledge', 'ask', 'reply', 'resolve', 'reject')),
    CONSTRAINT answer_language_known CHECK (language IN ('id', 'en'))
);

GRANT USAGE ON SCHEMA canned TO jagawarga_agency;

GRANT SELECT, INSERT, UPDATE, DELETE ON canned.answer TO jagawarga_agency;

ALTER TABLE canned.answer ENABLE ROW LEVEL SECURITY;

-- No role sees all of it: an agency reads and writes its own; no agency set (NULL) is none.
DROP POLICY IF EXISTS answer_agency ON canned.answer;

CREATE POLICY answer_agency ON canned.answer TO jagawarga_agency
    USING (current_setting('jagawarga.agency', true) = agency)
    WITH CHECK (current_setting('jagawarga.agency', true) = agency);
