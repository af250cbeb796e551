CREATE OR REPLACE VIEW report.co_mention AS
SELECT
    a.entity_id,
    b.entity_id AS other_id,
    count(DISTINCT a.story_id) AS stories,
    count(*) AS articles,
    min(a.day) AS first_published,
    max(a.day) AS last_published
FROM report.appearance AS a
JOIN report.appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
GROUP BY a.entity_id, b.entity_id;

DROP TABLE report.companion;
ALTER TABLE report.entity_total DROP COLUMN companions_kept;

CREATE OR REPLACE FUNCTION report.timeline(
    entity bigint, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.5
) RETURNS SETOF report.timeline_entry
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT *
    FROM report.timeline_entry AS t
    WHERE t.entity_id = entity
        AND (since IS NULL OR coalesce(t.day_to, t.first_reported) >= since)
        AND (until IS NULL OR coalesce(t.day_from, t.first_reported) <= until)
        AND coalesce(t.confidence, 1) >= least_confidence
    ORDER BY coalesce(t.day_from, t.first_reported), t.event_id
$$;

CREATE OR REPLACE FUNCTION report.timeline(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.5
) RETURNS SETOF report.timeline_entry
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM report.timeline(report.entity_id(entity), since, until, least_confidence)
$$;

CREATE OR REPLACE FUNCTION report.who_met(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.3
) RETURNS TABLE (
    event_id bigint, other_id bigint, other text, entity_was text, mode text, status text, place text,
    date_from date, date_to date, independent_reports integer, confidence real
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM report.who_met(report.entity_id(entity), since, until, least_confidence)
$$;

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
        t := regexp_replace(t, '[\ue000-\uf8ff\U000f0000-\U0010fffd]', '', 'g');
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

CREATE OR REPLACE VIEW report.event AS
SELECT
    o.id AS event_id,
    o.type,
    o.mode,
    o.status,
    ARRAY(
        SELECT coalesce(e.name, p.text) FROM report.participation AS p
        LEFT JOIN public.entity AS e ON e.id = p.entity_id
        WHERE p.event_id = o.id AND p.role = 'actor' ORDER BY p.ordinal
    ) AS actors,
    ARRAY(
        SELECT coalesce(e.name, p.text) FROM report.participation AS p
        LEFT JOIN public.entity AS e ON e.id = p.entity_id
        WHERE p.event_id = o.id AND p.role = 'recipient' ORDER BY p.ordinal
    ) AS recipients,
    ARRAY(
        SELECT p.entity_id FROM report.participation AS p
        WHERE p.event_id = o.id AND p.entity_id IS NOT NULL ORDER BY p.role, p.ordinal
    ) AS participant_ids,
    o.place_id,
    w.name AS place,
    g.country_code,
    g.latitude,
    g.longitude,
    o.first_day AS date_from,
    o.last_day AS date_to,
    o.date_precision,
    o.date_conflict,
    o.stories AS independent_reports,
    o.reports,
    o.first_reported,
    o.last_reported,
    o.confidence,
    x.article_id,
    x.title,
    x.source,
    substr(x.text, s.clean_start + 1, s.clean_end - s.clean_start) AS sentence,
    t.surface AS trigger
FROM public.occurrence AS o
LEFT JOIN public.entity AS w ON w.id = o.place_id
LEFT JOIN report.coordinates AS g ON g.entity_id = o.place_id
LEFT JOIN report.best_report AS b ON b.event_id = o.id
LEFT JOIN public.extraction AS x ON x.id = b.extraction_id
LEFT JOIN public.event AS v ON v.extraction_id = b.extraction_id AND v.n = b.event_n
LEFT JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
LEFT JOIN public.event_trigger AS t
    ON t.extraction_id = b.extraction_id AND t.event_n = b.event_n AND t.ordinal = 0;
