-- Functions for daily questions.  Frozen.  They read the views of report with the caller's rights.

-- ------------------------------------------------------------------------------------------ search
CREATE FUNCTION report.search(
    query text,
    rows integer DEFAULT 20,
    published_since date DEFAULT NULL,
    published_until date DEFAULT NULL,
    outlet text DEFAULT NULL,
    candidates integer DEFAULT 1000
) RETURNS TABLE (
    article_id bigint, rank real, exact boolean, title text, snippet text, spans int4range[],
    source text, published_from date, extraction_id bigint
)
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    asked record;
    condition text := '';
BEGIN
    SELECT * INTO STRICT asked FROM report.parse_query(query);
    IF published_since IS NOT NULL THEN
        condition := condition || format(' AND s.published_to >= %L', published_since);
    END IF;
    IF published_until IS NOT NULL THEN
        condition := condition || format(' AND s.published_from <= %L', published_until);
    END IF;
    IF outlet IS NOT NULL THEN
        condition := condition || format(' AND s.source = %L', outlet);
    END IF;
    -- The words stand in the statement itself, so that the planner knows how frequent they are: rare words are
    -- looked up in the index of terms, frequent ones read off the index of days until there are enough.
    RETURN QUERY EXECUTE format(
        $search$
        WITH newest AS (
            SELECT s.article_id, s.extraction_id, s.terms
            FROM report.searchable AS s
            WHERE s.terms @@ %1$L::tsquery %3$s
            ORDER BY s.published_to DESC NULLS LAST, s.article_id DESC
            LIMIT %4$s
        ), best AS (
            SELECT n.article_id, n.extraction_id, n.terms @@ %2$L::tsquery AS exact,
                (ts_rank(n.terms, %2$L::tsquery, 1) + 0.1 * ts_rank(n.terms, %1$L::tsquery, 1))::real AS rank
            FROM newest AS n
            ORDER BY 3 DESC, 4 DESC, 1 DESC
            LIMIT %5$s
        )
        SELECT b.article_id, b.rank, b.exact, s.title, m.snippet, m.spans, s.source, s.published_from, b.extraction_id
        FROM best AS b
        JOIN report.searchable AS s ON s.extraction_id = b.extraction_id
        CROSS JOIN LATERAL report.mark_words(s.text, s.terms, s.title_letters, %6$L, %7$L) AS m
        ORDER BY b.exact DESC, b.rank DESC, b.article_id DESC
        $search$,
        asked.wide, asked.exact, condition, candidates, rows, asked.lexemes, asked.prefixes);
END
$$;
COMMENT ON FUNCTION report.search(text, integer, date, date, text, integer) IS
    'Articles with these words, best first: all words must occur in some form; "a phrase"; OR; -without; prefix*. '
    'exact: as typed, ال and attached particles aside. spans count in report.article.text from 0. '
    'Of more than `candidates` matches the newest are ranked';

-- The words of a text that a query meant: marked in a snippet, and as spans.
CREATE FUNCTION report.mark_words(
    text text, terms tsvector, title_letters integer, lexemes text[], prefixes text[],
    OUT snippet text, OUT spans int4range[]
)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    wanted integer[];
    word record;
    firsts integer[] := '{}';
    lasts integer[] := '{}';
    best integer := 0;
    best_hits integer := -1;
    hits integer;
    i integer;
    window_letters constant integer := 220;
    from_letter integer;
    to_letter integer;
    at integer;
BEGIN
    SELECT array_agg(DISTINCT p) INTO wanted
    FROM unnest(terms) AS t (lexeme, positions, weights) CROSS JOIN LATERAL unnest(t.positions) AS p
    WHERE t.lexeme = ANY (lexemes) OR EXISTS (SELECT FROM unnest(prefixes) AS x WHERE starts_with(t.lexeme, x));
    spans := '{}';
    IF wanted IS NOT NULL THEN
        -- letter by letter, so that places stay
        FOR word IN
            SELECT w.* FROM report.words(report.letters(text)) AS w
            WHERE w.n = ANY (wanted)
        LOOP
            firsts := firsts || word.first_letter;
            lasts := lasts || (word.first_letter + word.letters);
            spans := spans || int4range(word.first_letter, word.first_letter + word.letters);
        END LOOP;
    END IF;
    -- the stretch of the body with most of them
    FOR i IN 1 .. cardinality(firsts) LOOP
        CONTINUE WHEN firsts[i] < title_letters;
        SELECT count(*) INTO hits FROM unnest(firsts) AS f
        WHERE f >= firsts[i] AND f < firsts[i] + window_letters * 3 / 4;
        IF hits > best_hits THEN
            best := firsts[i];
            best_hits := hits;
        END IF;
    END LOOP;
    from_letter := greatest(title_letters, best - window_letters / 4);
    IF from_letter > title_letters THEN
        -- from the start of a word
        from_letter := from_letter + greatest(strpos(substr(text, from_letter + 1, 40), ' '), 0);
        from_letter := least(from_letter, best);
    END IF;
    to_letter := least(length(text), from_letter + window_letters);
    IF to_letter < length(text) AND strpos(reverse(substr(text, to_letter - 39, 40)), ' ') > 0 THEN
        to_letter := to_letter - strpos(reverse(substr(text, to_letter - 39, 40)), ' ');
    END IF;
    snippet := '';
    at := from_letter;
    FOR i IN 1 .. cardinality(firsts) LOOP
        CONTINUE WHEN firsts[i] < from_letter OR lasts[i] > to_letter;
        snippet := snippet || substr(text, at + 1, firsts[i] - at) || '<b>'
            || substr(text, firsts[i] + 1, lasts[i] - firsts[i]) || '</b>';
        at := lasts[i];
    END LOOP;
    snippet := snippet || substr(text, at + 1, to_letter - at);
    snippet := btrim(replace(snippet, E'\n', ' '))
        || CASE WHEN to_letter < length(text) THEN ' …' ELSE '' END;
    IF from_letter > title_letters THEN
        snippet := '… ' || snippet;
    END IF;
END
$$;
COMMENT ON FUNCTION report.mark_words(text, tsvector, integer, text[], text[]) IS
    'A snippet of a text with the words that a query meant between <b> and </b>, and the spans of all of them';

-- ------------------------------------------------------------------------------------------ names
CREATE FUNCTION report.entity(asked text, rows integer DEFAULT 10)
RETURNS TABLE (
    entity_id bigint, kind text, name text, spelling text, score real, articles bigint, stories bigint,
    first_published date, last_published date
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH query AS (
        SELECT
            report.fold(asked) AS folded, report.name_key(asked) AS key, s.skeleton, s.latin,
            -- a final s is heard in Kais and not in Nicolas
            ARRAY(SELECT DISTINCT CASE WHEN s.latin AND length(x) > 1 THEN regexp_replace(x, 's$', '') ELSE x END FROM unnest(s.skeleton) AS x)
                AS shorter
        FROM (SELECT report.skeleton(asked) AS skeleton, report.fold(asked) ~ '[a-z]' AS latin) AS s
    ), found AS (
        SELECT s.entity_id, s.name, s.articles, CASE WHEN s.folded = q.folded THEN 1.0 ELSE 0.98 END AS score
        FROM query AS q JOIN report.spelling AS s ON s.key = q.key
        WHERE q.key <> ''
        UNION ALL
        SELECT s.entity_id, s.name, s.articles,
            CASE
                WHEN (' ' || s.folded || ' ') LIKE '% ' || q.folded || ' %' THEN 0.85
                ELSE 0.8 * similarity(s.folded, q.folded)
            END
        FROM query AS q JOIN report.spelling AS s ON q.folded <% s.folded
        UNION ALL
        SELECT s.entity_id, s.name, s.articles,
            CASE
                WHEN (s.folded ~ '[a-z]') = q.latin THEN 0.5
                WHEN s.skeleton = q.skeleton THEN 0.95
                WHEN cardinality(s.skeleton) = cardinality(q.skeleton) THEN 0.9
                WHEN cardinality(q.skeleton) > 1 THEN 0.7
                ELSE 0.6
            END
        FROM query AS q
        JOIN report.spelling AS s ON s.skeleton @> q.skeleton OR (q.latin AND s.skeleton @> q.shorter)
        WHERE length(array_to_string(q.skeleton, '')) >= 2 AND length(array_to_string(q.shorter, '')) >= 2
    ), best AS (
        SELECT DISTINCT ON (f.entity_id) f.*
        FROM found AS f
        ORDER BY f.entity_id, f.score DESC, f.articles DESC
    )
    SELECT b.entity_id, e.kind, i.name, b.name, b.score::real, e.articles, e.stories, e.first_published, e.last_published
    FROM best AS b
    JOIN report.entity_total AS e ON e.entity_id = b.entity_id
    JOIN report.entity AS i ON i.entity_id = b.entity_id
    ORDER BY b.score DESC, e.stories DESC, e.mentions DESC, b.entity_id
    LIMIT rows
$$;
COMMENT ON FUNCTION report.entity(text, integer) IS
    'Who or what a name in any spelling, Arabic or Latin, can stand for: likeliest first, score 1 for the very name';

CREATE FUNCTION report.entity_id(asked text) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT entity_id FROM report.entity(asked, 1) WHERE score >= 0.5
$$;
COMMENT ON FUNCTION report.entity_id(text) IS 'The likeliest thing of that name, NULL where none is alike';

-- ------------------------------------------------------------------------------------------ timeline
CREATE FUNCTION report.timeline(
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
COMMENT ON FUNCTION report.timeline(bigint, date, date, real) IS 'What is known of a thing over time, oldest first';

CREATE FUNCTION report.timeline(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.5
) RETURNS SETOF report.timeline_entry
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM report.timeline(report.entity_id(entity), since, until, least_confidence)
$$;
COMMENT ON FUNCTION report.timeline(text, date, date, real) IS
    'What is known over time of the likeliest thing of that name, oldest first';

CREATE FUNCTION report.who_met(
    entity bigint, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.3
) RETURNS TABLE (
    event_id bigint, other_id bigint, other text, entity_was text, mode text, status text, place text,
    date_from date, date_to date, independent_reports integer, confidence real
)
LANGUAGE sql STABLE PARALLEL SAFE SET join_collapse_limit = 24 SET from_collapse_limit = 24 AS $$
    SELECT
        o.event_id, p.entity_id, p.name, CASE me.role WHEN 'actor' THEN 'visitor' ELSE 'host' END, o.mode, o.status,
        o.place, o.date_from, o.date_to, o.independent_reports, o.confidence
    FROM report.participation AS me
    JOIN report.event AS o ON o.event_id = me.event_id AND o.type = 'CONSULT'
    JOIN report.event_participant AS p
        ON p.event_id = me.event_id AND (p.role, p.ordinal) <> (me.role, me.ordinal)
    WHERE me.entity_id = entity AND o.confidence >= least_confidence
        AND (since IS NULL OR o.date_to >= since)
        AND (until IS NULL OR o.date_from <= until)
    ORDER BY coalesce(o.date_from, o.first_reported), o.event_id, p.role, p.ordinal
$$;
COMMENT ON FUNCTION report.who_met(bigint, date, date, real) IS
    'Whom a person or body met, talked with or visited between two days, oldest first; undated events only where no day is asked';

CREATE FUNCTION report.who_met(
    entity text, since date DEFAULT NULL, until date DEFAULT NULL, least_confidence real DEFAULT 0.3
) RETURNS TABLE (
    event_id bigint, other_id bigint, other text, entity_was text, mode text, status text, place text,
    date_from date, date_to date, independent_reports integer, confidence real
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT * FROM report.who_met(report.entity_id(entity), since, until, least_confidence)
$$;
COMMENT ON FUNCTION report.who_met(text, date, date, real) IS
    'Whom the likeliest person or body of that name met between two days, oldest first';

-- ------------------------------------------------------------------------------------------ evidence
-- Characters of the decoded text -> bytes of the file.  NULL for files that were read as text saved twice
-- (encoding "outer < inner"): there flows.read.decode.byte_span knows the way.
CREATE FUNCTION report.byte_range(asked_extraction bigint, first_letter integer, behind_letter integer)
RETURNS int4range
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    file bytea;
    codec text;
    skip integer := 0;
    width integer := 1;
    at integer;
    place integer := 0;
    byte integer;
    more integer;
    valid boolean;
    low integer;
    high integer;
    first_byte integer;
BEGIN
    SELECT r.data, e.encoding INTO file, codec
    FROM public.extraction AS e
    JOIN public.article AS a ON a.id = e.article_id
    JOIN public.raw_file AS r ON r.id = a.raw_file_id
    WHERE e.id = asked_extraction;
    IF file IS NULL OR codec LIKE '% < %' THEN
        RETURN NULL;
    END IF;
    IF codec = 'utf-8-sig' THEN
        codec := 'utf-8';
        skip := CASE WHEN substr(file, 1, 3) = '\xefbbbf' THEN 3 ELSE 0 END;
    ELSIF codec = 'utf-16' THEN
        codec := CASE WHEN substr(file, 1, 2) = '\xfeff' THEN 'utf-16-be' ELSE 'utf-16-le' END;
        skip := 2;
    ELSIF codec = 'utf-32' THEN
        skip := 4;
    END IF;
    IF codec LIKE 'utf-32%' THEN
        RETURN int4range(skip + 4 * first_letter, skip + 4 * behind_letter);
    ELSIF codec NOT LIKE 'utf-%' THEN
        RETURN int4range(first_letter, behind_letter);
    END IF;
    at := skip;
    WHILE at < length(file) LOOP
        IF place = first_letter THEN
            first_byte := at;
        END IF;
        EXIT WHEN place = behind_letter;
        IF codec = 'utf-8' THEN
            -- an invalid byte is one character
            byte := get_byte(file, at);
            low := 128;
            high := 191;
            more := 0;
            IF byte BETWEEN 194 AND 223 THEN
                more := 1;
            ELSIF byte BETWEEN 224 AND 239 THEN
                more := 2;
                IF byte = 224 THEN low := 160; ELSIF byte = 237 THEN high := 159; END IF;
            ELSIF byte BETWEEN 240 AND 244 THEN
                more := 3;
                IF byte = 240 THEN low := 144; ELSIF byte = 244 THEN high := 143; END IF;
            END IF;
            valid := at + more < length(file);
            FOR i IN 1 .. more LOOP
                EXIT WHEN NOT valid;
                valid := get_byte(file, at + i) BETWEEN low AND high;
                low := 128;
                high := 191;
            END LOOP;
            at := at + 1 + CASE WHEN valid THEN more ELSE 0 END;
        ELSE
            -- a high surrogate with a low one behind it is one character
            byte := get_byte(file, at + CASE codec WHEN 'utf-16-be' THEN 0 ELSE 1 END);
            IF byte BETWEEN 216 AND 219 AND at + 3 < length(file)
                AND get_byte(file, at + CASE codec WHEN 'utf-16-be' THEN 2 ELSE 3 END) BETWEEN 220 AND 223
            THEN
                at := at + 4;
            ELSE
                at := at + 2;
            END IF;
        END IF;
        place := place + 1;
    END LOOP;
    IF place = first_letter THEN
        first_byte := at;
    END IF;
    RETURN int4range(first_byte, at);
END
$$;
COMMENT ON FUNCTION report.byte_range(bigint, integer, integer) IS
    'Characters [first, behind) of a decoded file as bytes of the file; NULL for files that were saved twice in two encodings';

CREATE FUNCTION report.evidence(event bigint) RETURNS TABLE (
    article_id bigint, sentence text, status text, date_surface text, date_from date, date_to date, attribution text,
    source text, published_from date, uri text, trigger text, letters int4range, bytes int4range, confidence real
)
-- the view behind it joins more tables than the planner reorders by itself
LANGUAGE sql STABLE PARALLEL SAFE SET join_collapse_limit = 24 SET from_collapse_limit = 24 AS $$
    SELECT
        r.article_id,
        overlay(
            r.sentence
            PLACING '<b>' || substr(r.sentence, r.trigger_clean_start - r.sentence_start + 1,
                r.trigger_clean_end - r.trigger_clean_start) || '</b>'
            FROM r.trigger_clean_start - r.sentence_start + 1 FOR r.trigger_clean_end - r.trigger_clean_start
        ),
        r.status, r.date_surface, r.date_from, r.date_to, r.attribution, r.source, r.published_from, r.uri, r.trigger,
        int4range(r.raw_start, r.raw_end), report.byte_range(r.extraction_id, r.raw_start, r.raw_end), r.confidence
    FROM report.event_report AS r
    WHERE r.event_id = event
    ORDER BY r.published_from NULLS LAST, r.article_id, r.event_n
$$;
COMMENT ON FUNCTION report.evidence(bigint) IS
    'The reports of an event: each sentence with its trigger between <b> and </b>, the file, and where the sentence stands in it in characters and bytes';
