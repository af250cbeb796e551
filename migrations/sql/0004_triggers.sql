-- Queues of the derived layer and checks that reach across tables.  Frozen: later revisions bring files of
-- their own.  All triggers fire once a statement, so that COPY pays for a batch and not for a row.

-- ---------------------------------------------------------------- which articles' stories have to be read
CREATE FUNCTION story_queue_extraction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT article_id FROM new_rows WHERE is_current ORDER BY article_id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT article_id FROM old_rows WHERE is_current ORDER BY article_id;
    ELSE
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT n.article_id FROM new_rows AS n JOIN old_rows AS o USING (id)
        WHERE n.is_current <> o.is_current ORDER BY n.article_id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION story_queue_extraction IS 'Queues articles whose current extraction changed';

CREATE TRIGGER story_queue_insert AFTER INSERT ON extraction
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION story_queue_extraction();
CREATE TRIGGER story_queue_update AFTER UPDATE ON extraction
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION story_queue_extraction();
CREATE TRIGGER story_queue_delete AFTER DELETE ON extraction
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION story_queue_extraction();

-- An article counts while some location holds its bytes.
CREATE FUNCTION story_queue_location() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT a.id FROM new_rows AS l JOIN article AS a USING (raw_file_id) ORDER BY a.id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT a.id FROM old_rows AS l JOIN article AS a USING (raw_file_id) ORDER BY a.id;
    ELSE
        INSERT INTO story_queue (article_id)
        SELECT DISTINCT a.id
        FROM new_rows AS n JOIN old_rows AS o USING (id)
        JOIN article AS a ON a.raw_file_id IN (n.raw_file_id, o.raw_file_id)
        WHERE n.raw_file_id <> o.raw_file_id ORDER BY a.id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION story_queue_location IS 'Queues articles whose bytes came to a location or left one';

CREATE TRIGGER story_queue_insert AFTER INSERT ON location
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION story_queue_location();
CREATE TRIGGER story_queue_update AFTER UPDATE ON location
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION story_queue_location();
CREATE TRIGGER story_queue_delete AFTER DELETE ON location
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION story_queue_location();

-- What is there already.
INSERT INTO story_queue (article_id) SELECT id FROM article ORDER BY id;

-- ---------------------------------------------------------------- whose events have to be compared
CREATE FUNCTION occurrence_queue_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO occurrence_queue (extraction_id)
    SELECT DISTINCT extraction_id FROM new_rows ORDER BY extraction_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION occurrence_queue_new IS 'Queues extractions that came to have a story or a known name';

CREATE FUNCTION occurrence_queue_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO occurrence_queue (extraction_id)
    SELECT DISTINCT extraction_id FROM old_rows ORDER BY extraction_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION occurrence_queue_old IS 'Queues extractions that lost their story or a known name';

CREATE FUNCTION occurrence_queue_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO occurrence_queue (extraction_id)
    SELECT n.extraction_id
    FROM new_rows AS n JOIN old_rows AS o USING (extraction_id, n)
    WHERE n.entity_id <> o.entity_id
    GROUP BY n.extraction_id ORDER BY n.extraction_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION occurrence_queue_identity IS 'Queues extractions with a name that came to mean another entity';

CREATE TRIGGER occurrence_queue_insert AFTER INSERT ON identity
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_new();
CREATE TRIGGER occurrence_queue_delete AFTER DELETE ON identity
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_old();
CREATE TRIGGER occurrence_queue_update AFTER UPDATE ON identity
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_identity();

CREATE FUNCTION occurrence_queue_story() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO occurrence_queue (extraction_id)
    SELECT x.extraction_id
    FROM new_rows AS n JOIN old_rows AS o USING (article_id)
    CROSS JOIN LATERAL (VALUES (o.extraction_id), (n.extraction_id)) AS x (extraction_id)
    WHERE (n.extraction_id, n.story_id, n.kind = 'original') <> (o.extraction_id, o.story_id, o.kind = 'original')
    GROUP BY x.extraction_id ORDER BY x.extraction_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION occurrence_queue_story IS 'Queues extractions whose story changed';

CREATE TRIGGER occurrence_queue_insert AFTER INSERT ON article_story
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_new();
CREATE TRIGGER occurrence_queue_delete AFTER DELETE ON article_story
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_old();
CREATE TRIGGER occurrence_queue_update AFTER UPDATE ON article_story
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION occurrence_queue_story();

-- ---------------------------------------------------------------- spans lie inside their text
-- One look at a text for all new rows of an extraction; raw positions count characters of the decoded file,
-- of which there are never more than bytes.
CREATE FUNCTION spans_inside_text() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clean text := TG_ARGV[0];
    raw text := TG_ARGV[1];
    wrong record;
BEGIN
    EXECUTE format(
        'SELECT e.id, n.last_clean, n.last_raw FROM ('
        '    SELECT extraction_id, max(%1$s) AS last_clean, max(%2$s) AS last_raw FROM new_rows GROUP BY 1'
        ') AS n JOIN public.extraction AS e ON e.id = n.extraction_id'
        ' JOIN public.article AS a ON a.id = e.article_id JOIN public.raw_file AS r ON r.id = a.raw_file_id'
        ' WHERE n.last_clean > char_length(e.text) OR n.last_raw > r.size LIMIT 1',
        clean, raw
    ) INTO wrong;
    IF wrong.id IS NOT NULL THEN
        RAISE EXCEPTION 'a span of % ends behind the text of extraction % (clean %, raw %)',
            TG_TABLE_NAME, wrong.id, wrong.last_clean, wrong.last_raw
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION spans_inside_text IS 'Refuses rows whose span ends behind the text it points into';

CREATE FUNCTION extraction_text_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the text of extraction % is what spans point into and cannot change', OLD.id
        USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END
$$;
COMMENT ON FUNCTION extraction_text_stays IS 'Refuses a change of the text under the spans of an extraction';

CREATE TRIGGER text_stays BEFORE UPDATE OF text ON extraction
    FOR EACH ROW WHEN (OLD.text IS DISTINCT FROM NEW.text) EXECUTE FUNCTION extraction_text_stays();

DO $$
DECLARE
    spanned record;
    moment text;
BEGIN
    FOR spanned IN
        SELECT * FROM (VALUES
            ('sentence', 'clean_end', 'raw_end'),
            ('mention', 'clean_end', 'raw_end'),
            ('office', 'clean_end', 'raw_end'),
            ('date_expression', 'clean_end', 'raw_end'),
            ('event', 'attribution_clean_end', 'attribution_raw_end'),
            ('event_trigger', 'clean_end', 'raw_end'),
            ('event_participant', 'clean_end', 'raw_end'),
            ('quotation', 'greatest(clean_end, verb_clean_end)', 'greatest(raw_end, verb_raw_end)')
        ) AS t (name, clean, raw)
    LOOP
        FOREACH moment IN ARRAY ARRAY['insert', 'update'] LOOP
            EXECUTE format(
                'CREATE TRIGGER spans_inside_%1$s AFTER %1$s ON %2$I REFERENCING NEW TABLE AS new_rows'
                ' FOR EACH STATEMENT EXECUTE FUNCTION spans_inside_text(%3$L, %4$L)',
                moment, spanned.name, spanned.clean, spanned.raw
            );
        END LOOP;
    END LOOP;
END
$$;
