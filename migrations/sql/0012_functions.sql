-- What was between two days is looked up in the index of days, also for those who are in the news every day.  Frozen.
CREATE OR REPLACE FUNCTION report.timeline(
    entity bigint, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.5
) RETURNS SETOF report.timeline_entry
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM report.timeline_entry AS t
    WHERE t.entity_id = entity
        AND (
            coalesce(since, until) IS NULL
            OR daterange(coalesce(t.day_from, t.first_reported), coalesce(t.day_to, t.first_reported), '[]')
                && CASE WHEN until < since THEN daterange(until, since, '[]') ELSE daterange(since, until, '[]') END
        )
        AND (since IS NULL OR coalesce(t.day_to, t.first_reported) >= since)
        AND (until IS NULL OR coalesce(t.day_from, t.first_reported) <= until)
        AND coalesce(t.confidence, 1) >= least_confidence
    ORDER BY coalesce(t.day_from, t.first_reported), t.event_id
$$;

-- The name is looked up once and before the question is planned: how often it is in the news decides the way.
CREATE OR REPLACE FUNCTION report.timeline(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.5
) RETURNS SETOF report.timeline_entry
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM report.timeline($1, $2, $3, $4)'
        USING report.entity_id(entity), since, until, least_confidence;
END
$$;

CREATE OR REPLACE FUNCTION report.who_met(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.3
) RETURNS TABLE (
    event_id bigint, other_id bigint, other text, entity_was text, mode text, status text, place text,
    date_from date, date_to date, independent_reports integer, confidence real
)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT * FROM report.who_met($1, $2, $3, $4)'
        USING report.entity_id(entity), since, until, least_confidence;
END
$$;

-- Two code points between the planes of private use are nobody's: they stay, as in Python.
CREATE OR REPLACE FUNCTION report.fold(text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    t text := $1;
BEGIN
    IF t ~ '[^\u0001-\u02ff\u0600-\u06ff]' THEN
        -- shapes of old typesetting, each written out; a diacritic shown on a blank or a tatweel goes
        IF t ~ '[\ufb00-\ufb06\ufb50-\ufdfd\ufe70-\ufefc\uff01-\uffee\U0001ee00-\U0001eeff]' THEN
            SELECT string_agg(
                CASE
                    WHEN c = U&'\FDFD' THEN 'بسم الله الرحمن الرحيم'
                    WHEN c !~ '[\ufb00-\ufb06\ufb50-\ufdfc\ufe70-\ufefc\uff01-\uffee\U0001ee00-\U0001eeff]'
                        OR c = U&'\FFA0' THEN c
                    WHEN left(normalize(c, NFKC), 1) IN (' ', 'ـ') THEN ''
                    ELSE normalize(c, NFKC)
                END, '' ORDER BY n)
            INTO t
            FROM regexp_split_to_table(t, '') WITH ORDINALITY AS x (c, n);
        END IF;
        t := regexp_replace(t, '[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]', '', 'g');
    END IF;
    IF t IS NOT NFC NORMALIZED THEN
        t := normalize(t, NFC);
    END IF;
    IF strpos(t, E'\r') > 0 THEN
        t := replace(replace(t, E'\r\n', E'\n'), E'\r', E'\n');
    END IF;
    IF strpos(t, 'ـ') > 0 THEN
        -- a tatweel between blanks is a dash
        t := regexp_replace(
            t,
            '(^|[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u3164\u115f\u1160\uffa0])'
            || 'ـ+(?=$|[\t-\r\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u2800\u3164\u115f\u1160\uffa0])',
            '\1-', 'g');
        t := replace(t, 'ـ', '');
    END IF;
    t := report.letters(t);
    IF t ~ '  |^ | $| \n|\n ' THEN
        t := btrim(regexp_replace(regexp_replace(t, ' +', ' ', 'g'), ' ?\n ?', E'\n', 'g'), ' ');
    END IF;
    -- letters drawn out
    IF t ~ '([\u0621-\u064a])\1\1' THEN
        t := regexp_replace(t, 'ا{3,}', 'ا', 'g');
        t := regexp_replace(t, 'ل{4,}', 'لل', 'g');
        t := regexp_replace(t, '([\u0621-\u064a])\1{3,}', '\1', 'g');
    END IF;
    RETURN t;
END
$$;
