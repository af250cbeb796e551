-- What reports count, kept up to date by db/reports.py at a cost that follows what is new.  Frozen.

-- ------------------------------------------------------------------------------------------ who is named where
CREATE TABLE report.appearance (
    extraction_id bigint NOT NULL,
    entity_id bigint NOT NULL,
    article_id bigint NOT NULL,
    story_id bigint NOT NULL,
    day date,
    mentions integer NOT NULL,
    leads boolean NOT NULL,
    names text[] NOT NULL,
    reference_place_id text,
    country_code text,
    CONSTRAINT pk_appearance PRIMARY KEY (extraction_id, entity_id)
);
-- from a thing to its articles, newest first
CREATE INDEX ix_appearance_entity_id_day ON report.appearance (entity_id, day DESC NULLS LAST);
COMMENT ON TABLE report.appearance IS 'One row an article and person, organisation, place or named event that it names';
COMMENT ON COLUMN report.appearance.extraction_id IS 'The extraction that says so';
COMMENT ON COLUMN report.appearance.entity_id IS 'What is named: report.entity';
COMMENT ON COLUMN report.appearance.article_id IS 'The article: report.article';
COMMENT ON COLUMN report.appearance.story_id IS 'The story that the article tells; copies of a text share it';
COMMENT ON COLUMN report.appearance.day IS 'First day on which the article can have been published; NULL where unknown';
COMMENT ON COLUMN report.appearance.mentions IS 'How often the article names it';
COMMENT ON COLUMN report.appearance.leads IS 'Whether it is the first article of its story to name it: counting these counts stories';
COMMENT ON COLUMN report.appearance.names IS 'Under which names, clean';
COMMENT ON COLUMN report.appearance.reference_place_id IS 'Of a place: which one the article means; NULL where open';
COMMENT ON COLUMN report.appearance.country_code IS 'Of a place: its country, ISO 3166-1, two letters; NULL where open';

CREATE TABLE report.mentions_by_day (
    entity_id bigint NOT NULL,
    day date,
    articles bigint NOT NULL,
    stories bigint NOT NULL,
    mentions bigint NOT NULL,
    CONSTRAINT uq_mentions_by_day_entity_id UNIQUE NULLS NOT DISTINCT (entity_id, day)
);
-- who was named most on a day
CREATE INDEX ix_mentions_by_day_day ON report.mentions_by_day (day, articles);
COMMENT ON TABLE report.mentions_by_day IS 'How often each thing was named on each day';
COMMENT ON COLUMN report.mentions_by_day.entity_id IS 'What is named: report.entity';
COMMENT ON COLUMN report.mentions_by_day.day IS 'Day of publication (the first possible one); NULL for articles without a date';
COMMENT ON COLUMN report.mentions_by_day.articles IS 'Articles that name it, copies included';
COMMENT ON COLUMN report.mentions_by_day.stories IS 'Stories that name it: copies of a text count once, on the day of the first';
COMMENT ON COLUMN report.mentions_by_day.mentions IS 'How often these articles name it';

CREATE TABLE report.entity_total (
    entity_id bigint NOT NULL,
    kind text NOT NULL,
    articles bigint NOT NULL,
    stories bigint NOT NULL,
    mentions bigint NOT NULL,
    first_published date,
    last_published date,
    CONSTRAINT pk_entity_total PRIMARY KEY (entity_id)
);
-- the most named people, organisations, places
CREATE INDEX ix_entity_total_kind_stories ON report.entity_total (kind, stories DESC);
COMMENT ON TABLE report.entity_total IS 'How often each thing is named in all; the views entity, person, organization and place show it';
COMMENT ON COLUMN report.entity_total.entity_id IS 'What is named';
COMMENT ON COLUMN report.entity_total.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT';
COMMENT ON COLUMN report.entity_total.articles IS 'Articles that name it, copies included';
COMMENT ON COLUMN report.entity_total.stories IS 'Stories that name it: copies of a text count once';
COMMENT ON COLUMN report.entity_total.mentions IS 'How often they name it';
COMMENT ON COLUMN report.entity_total.first_published IS 'Day of the first dated article';
COMMENT ON COLUMN report.entity_total.last_published IS 'Day of the last dated article';

CREATE TABLE report.spelling (
    entity_id bigint NOT NULL,
    name text NOT NULL,
    folded text NOT NULL,
    key text NOT NULL,
    skeleton text[] NOT NULL,
    articles bigint NOT NULL,
    CONSTRAINT pk_spelling PRIMARY KEY (entity_id, name)
);
-- report.entity(name): the same letters, similar letters, the same consonants in another script
CREATE INDEX ix_spelling_key ON report.spelling (key);
CREATE INDEX ix_spelling_folded ON report.spelling USING gin (folded gin_trgm_ops);
CREATE INDEX ix_spelling_skeleton ON report.spelling USING gin (skeleton);
COMMENT ON TABLE report.spelling IS 'The names under which articles speak of each thing';
COMMENT ON COLUMN report.spelling.entity_id IS 'What is named: report.entity';
COMMENT ON COLUMN report.spelling.name IS 'A spelling of its name, clean';
COMMENT ON COLUMN report.spelling.folded IS 'The spelling in the search layer''s letters: report.fold(name)';
COMMENT ON COLUMN report.spelling.key IS 'The folded letters without blanks and articles: report.name_key(name)';
COMMENT ON COLUMN report.spelling.skeleton IS 'The consonants of each of its words, alike for Arabic and Latin letters: report.skeleton(name)';
COMMENT ON COLUMN report.spelling.articles IS 'Articles that spell it so';

-- ------------------------------------------------------------------------------------------ places
CREATE TABLE report.place_vote (
    entity_id bigint NOT NULL,
    reference_place_id text,
    country_code text,
    articles bigint NOT NULL,
    CONSTRAINT uq_place_vote_entity_id UNIQUE NULLS NOT DISTINCT (entity_id, reference_place_id, country_code)
);
COMMENT ON TABLE report.place_vote IS 'Which places articles mean by a name; report.coordinates follows from it';
COMMENT ON COLUMN report.place_vote.entity_id IS 'The place: report.place';
COMMENT ON COLUMN report.place_vote.reference_place_id IS 'Which one of the reference places; NULL where only the country is known';
COMMENT ON COLUMN report.place_vote.country_code IS 'Country: ISO 3166-1, two letters; NULL for seas and continents';
COMMENT ON COLUMN report.place_vote.articles IS 'How many articles mean it';

CREATE TABLE report.place_decision (
    entity_id bigint NOT NULL,
    reference_place_id text,
    country_code text,
    agreement real NOT NULL,
    CONSTRAINT pk_place_decision PRIMARY KEY (entity_id)
);
COMMENT ON TABLE report.place_decision IS 'What articles agree on: three in four must mean the same; report.coordinates shows it';
COMMENT ON COLUMN report.place_decision.entity_id IS 'The place: report.place';
COMMENT ON COLUMN report.place_decision.reference_place_id IS 'The reference place; NULL where articles do not agree';
COMMENT ON COLUMN report.place_decision.country_code IS 'Country: ISO 3166-1, two letters; NULL where articles do not agree';
COMMENT ON COLUMN report.place_decision.agreement IS 'Share of the articles that mean the most frequent one, 0 to 1';

-- ------------------------------------------------------------------------------------------ outlets
CREATE TABLE report.source_volume (
    source text,
    day date,
    articles bigint NOT NULL,
    originals bigint NOT NULL,
    other_languages bigint NOT NULL,
    faulty bigint NOT NULL,
    nameless bigint NOT NULL,
    events bigint NOT NULL,
    undated_events bigint NOT NULL,
    last_loaded timestamp with time zone NOT NULL,
    CONSTRAINT uq_source_volume_source UNIQUE NULLS NOT DISTINCT (source, day)
);
COMMENT ON TABLE report.source_volume IS 'What each outlet published on each day';
COMMENT ON COLUMN report.source_volume.source IS 'The outlet; NULL where unknown';
COMMENT ON COLUMN report.source_volume.day IS 'Day of publication (the first possible one); NULL for articles without a date';
COMMENT ON COLUMN report.source_volume.articles IS 'Articles';
COMMENT ON COLUMN report.source_volume.originals IS 'Those that are no copy of an earlier one';
COMMENT ON COLUMN report.source_volume.other_languages IS 'Those that are not in Arabic';
COMMENT ON COLUMN report.source_volume.faulty IS 'Those whose file had something wrong that reading survived';
COMMENT ON COLUMN report.source_volume.nameless IS 'Arabic ones in which no name was found';
COMMENT ON COLUMN report.source_volume.events IS 'Events that they report';
COMMENT ON COLUMN report.source_volume.undated_events IS 'Those of them without a day';
COMMENT ON COLUMN report.source_volume.last_loaded IS 'When the last of them was loaded';

-- ------------------------------------------------------------------------------------------ events
CREATE TABLE report.participation (
    event_id bigint NOT NULL,
    role text NOT NULL,
    ordinal integer NOT NULL,
    entity_id bigint,
    text text NOT NULL,
    reports integer NOT NULL,
    CONSTRAINT pk_participation PRIMARY KEY (event_id, role, ordinal)
);
-- from a thing to its events
CREATE INDEX ix_participation_entity_id ON report.participation (entity_id, event_id) WHERE entity_id IS NOT NULL;
COMMENT ON TABLE report.participation IS 'Who takes part in an event, over all its reports; the view event_participant shows it';
COMMENT ON COLUMN report.participation.event_id IS 'The event: report.event';
COMMENT ON COLUMN report.participation.role IS 'actor (of a visit: the visitor) or recipient (the host)';
COMMENT ON COLUMN report.participation.ordinal IS 'Number in the role, from 0: what most reports say comes first';
COMMENT ON COLUMN report.participation.entity_id IS 'Who: report.entity; NULL for those without a name';
COMMENT ON COLUMN report.participation.text IS 'As a report has it';
COMMENT ON COLUMN report.participation.reports IS 'How many articles say so';

CREATE TABLE report.best_report (
    event_id bigint NOT NULL,
    extraction_id bigint NOT NULL,
    event_n integer NOT NULL,
    CONSTRAINT pk_best_report PRIMARY KEY (event_id)
);
COMMENT ON TABLE report.best_report IS 'The report of an event that its row in report.event quotes';
COMMENT ON COLUMN report.best_report.event_id IS 'The event: report.event';
COMMENT ON COLUMN report.best_report.extraction_id IS 'The extraction of the surest report';
COMMENT ON COLUMN report.best_report.event_n IS 'Number of the report in the extraction';

-- ------------------------------------------------------------------------------------------ refresh
CREATE TABLE report.refresh_queue (
    id bigint GENERATED ALWAYS AS IDENTITY,
    extraction_id bigint,
    story_id bigint,
    event_id bigint,
    CONSTRAINT pk_refresh_queue PRIMARY KEY (id)
);
COMMENT ON TABLE report.refresh_queue IS 'What changed since the last refresh of the reports; triggers add to it';
COMMENT ON COLUMN report.refresh_queue.id IS 'Order of arrival';
COMMENT ON COLUMN report.refresh_queue.extraction_id IS 'An extraction whose names or story changed';
COMMENT ON COLUMN report.refresh_queue.story_id IS 'A story whose articles changed';
COMMENT ON COLUMN report.refresh_queue.event_id IS 'An event whose reports changed';

CREATE TABLE report.refreshed (
    what text NOT NULL,
    at timestamp with time zone NOT NULL,
    seconds real NOT NULL,
    changes bigint NOT NULL,
    CONSTRAINT pk_refreshed PRIMARY KEY (what)
);
COMMENT ON TABLE report.refreshed IS 'When the reports were brought up to date; report.freshness shows it';
COMMENT ON COLUMN report.refreshed.what IS 'What was refreshed';
COMMENT ON COLUMN report.refreshed.at IS 'When that ended';
COMMENT ON COLUMN report.refreshed.seconds IS 'How long it took';
COMMENT ON COLUMN report.refreshed.changes IS 'How many queued changes it read';

-- All triggers fire once a statement, so that a batch pays once.
CREATE FUNCTION report.queue_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO report.refresh_queue (extraction_id) SELECT DISTINCT extraction_id FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO report.refresh_queue (extraction_id) SELECT DISTINCT extraction_id FROM old_rows;
    ELSE
        INSERT INTO report.refresh_queue (extraction_id)
        SELECT DISTINCT n.extraction_id FROM new_rows AS n JOIN old_rows AS o USING (extraction_id, n)
        WHERE n.entity_id <> o.entity_id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION report.queue_identity IS 'Queues extractions whose names came to stand for something else';

CREATE FUNCTION report.queue_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO report.refresh_queue (extraction_id) SELECT DISTINCT extraction_id FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO report.refresh_queue (extraction_id) SELECT DISTINCT extraction_id FROM old_rows;
    ELSE
        INSERT INTO report.refresh_queue (extraction_id)
        SELECT DISTINCT n.extraction_id FROM new_rows AS n JOIN old_rows AS o USING (extraction_id, n)
        WHERE (n.reference_place_id, n.country_code) IS DISTINCT FROM (o.reference_place_id, o.country_code);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION report.queue_place IS 'Queues extractions whose places were decided anew';

CREATE FUNCTION report.queue_story() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO report.refresh_queue (extraction_id, story_id) SELECT extraction_id, story_id FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO report.refresh_queue (extraction_id, story_id) SELECT extraction_id, story_id FROM old_rows;
    ELSE
        INSERT INTO report.refresh_queue (extraction_id, story_id)
        SELECT x.extraction_id, x.story_id
        FROM new_rows AS n JOIN old_rows AS o USING (article_id)
        CROSS JOIN LATERAL (VALUES (o.extraction_id, o.story_id), (n.extraction_id, n.story_id))
            AS x (extraction_id, story_id)
        WHERE (n.extraction_id, n.story_id, n.kind) IS DISTINCT FROM (o.extraction_id, o.story_id, o.kind);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION report.queue_story IS 'Queues articles that came to a story or left one';

CREATE FUNCTION report.queue_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO report.refresh_queue (event_id) SELECT DISTINCT occurrence_id FROM new_rows;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO report.refresh_queue (event_id) SELECT DISTINCT occurrence_id FROM old_rows;
    ELSE
        INSERT INTO report.refresh_queue (event_id)
        SELECT DISTINCT x.occurrence_id
        FROM new_rows AS n JOIN old_rows AS o USING (extraction_id, event_n)
        CROSS JOIN LATERAL (VALUES (o.occurrence_id), (n.occurrence_id)) AS x (occurrence_id)
        WHERE n.occurrence_id <> o.occurrence_id;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION report.queue_event IS 'Queues events whose reports changed';

DO $$
DECLARE
    watched record;
BEGIN
    FOR watched IN
        SELECT * FROM (VALUES
            ('identity', 'queue_identity'), ('article_place', 'queue_place'), ('article_story', 'queue_story'), ('occurrence_event', 'queue_event')
        ) AS t (name, queue)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER report_insert AFTER INSERT ON public.%I REFERENCING NEW TABLE AS new_rows'
            ' FOR EACH STATEMENT EXECUTE FUNCTION report.%I()', watched.name, watched.queue);
        EXECUTE format(
            'CREATE TRIGGER report_delete AFTER DELETE ON public.%I REFERENCING OLD TABLE AS old_rows'
            ' FOR EACH STATEMENT EXECUTE FUNCTION report.%I()', watched.name, watched.queue);
        EXECUTE format(
            'CREATE TRIGGER report_update AFTER UPDATE ON public.%I'
            ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
            ' FOR EACH STATEMENT EXECUTE FUNCTION report.%I()', watched.name, watched.queue);
    END LOOP;
END
$$;

-- What is there already.
INSERT INTO report.refresh_queue (extraction_id) SELECT DISTINCT extraction_id FROM public.identity;
INSERT INTO report.refresh_queue (extraction_id, story_id) SELECT extraction_id, story_id FROM public.article_story;
INSERT INTO report.refresh_queue (event_id) SELECT DISTINCT occurrence_id FROM public.occurrence_event;
