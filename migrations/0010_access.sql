-- Who may come in.
--
-- What signed cookies are made with: a random value of this database, so that all web processes agree, and a
-- cookie of one shop opens no other.
CREATE TABLE access_salt (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    salt     bytea NOT NULL
);

-- Tries to sign in that failed, or have not been answered yet. Rows of the last quarter of an hour, and never more
-- than may be tried in that time.
CREATE TABLE sign_in_attempts (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address text NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
