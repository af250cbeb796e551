-- Views for people who ask questions.  Frozen: a later revision brings files of its own.
CREATE SCHEMA report;
COMMENT ON SCHEMA report IS 'What people read: everything here is derived from the tables in public';

-- One row an article whose bytes some location still holds, as its current extraction says.
CREATE VIEW report.article AS
SELECT
    a.id AS article_id,
    e.id AS extraction_id,
    e.title,
    btrim(substr(e.text, coalesce(length(e.title), 0) + 1), E'\n') AS body,
    e.source,
    e.language,
    e.published_first_day AS published_from,
    e.published_last_day AS published_to,
    e.published_precision,
    e.published_basis,
    l.uri,
    l.copies,
    v.metadata ->> 'url' AS url,
    e.text,
    a.created_at AS loaded_at
FROM public.article AS a
JOIN public.extraction AS e ON e.article_id = a.id AND e.is_current
CROSS JOIN LATERAL (
    SELECT
        count(*) AS copies,
        min(p.uri COLLATE "C") AS uri,
        (array_agg(p.id ORDER BY p.uri COLLATE "C"))[1] AS location_id,
        (array_agg(p.version ORDER BY p.uri COLLATE "C"))[1] AS version
    FROM public.location AS p
    WHERE p.raw_file_id = a.raw_file_id
    HAVING count(*) > 0
) AS l
JOIN public.location_version AS v ON v.location_id = l.location_id AND v.ordinal = l.version;

COMMENT ON VIEW report.article IS 'Articles as the current extraction of each one says';
COMMENT ON COLUMN report.article.article_id IS 'Identity of the article; stable, never reused';
COMMENT ON COLUMN report.article.extraction_id IS 'The extraction that the row shows';
COMMENT ON COLUMN report.article.title IS 'The title, clean; NULL where none was found';
COMMENT ON COLUMN report.article.body IS 'The text after the title, clean';
COMMENT ON COLUMN report.article.source IS 'The outlet';
COMMENT ON COLUMN report.article.language IS 'ISO 639-1 code, or und';
COMMENT ON COLUMN report.article.published_from IS 'First day on which it can have been published';
COMMENT ON COLUMN report.article.published_to IS 'Last day on which it can have been published';
COMMENT ON COLUMN report.article.published_precision IS 'day, month, year, ..., unknown';
COMMENT ON COLUMN report.article.published_basis IS 'Origin of the date: metadata, text, inferred, none';
COMMENT ON COLUMN report.article.uri IS 'The file: the first location, by code point, that holds it now';
COMMENT ON COLUMN report.article.copies IS 'How many locations hold the same bytes now';
COMMENT ON COLUMN report.article.url IS 'The address that the metadata beside that file give';
COMMENT ON COLUMN report.article.text IS 'Clean text that clean spans count in, from 0';
COMMENT ON COLUMN report.article.loaded_at IS 'When it was read first';

-- One row a mention in a current article.
CREATE VIEW report.mention AS
SELECT
    a.article_id,
    m.extraction_id,
    m.n AS mention_n,
    n.kind,
    n.name,
    i.id AS entity_id,
    m.surface,
    m.confidence,
    m.method,
    substr(a.text, s.clean_start + 1, s.clean_end - s.clean_start) AS sentence,
    a.source,
    a.published_from,
    a.published_to,
    a.uri,
    m.raw_start,
    m.raw_end
FROM report.article AS a
JOIN public.mention AS m ON m.extraction_id = a.extraction_id
JOIN public.article_entity AS n ON n.extraction_id = m.extraction_id AND n.n = m.entity_n
LEFT JOIN public.entity AS i ON i.kind = n.kind AND i.key = n.key
LEFT JOIN public.sentence AS s
    ON s.extraction_id = m.extraction_id AND s.clean_start <= m.clean_start AND m.clean_start < s.clean_end;

COMMENT ON VIEW report.mention IS 'Every place where a current article names something';
COMMENT ON COLUMN report.mention.article_id IS 'The article';
COMMENT ON COLUMN report.mention.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.mention.mention_n IS 'Number of the mention in the extraction';
COMMENT ON COLUMN report.mention.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT';
COMMENT ON COLUMN report.mention.name IS 'The fullest form of the name in the article';
COMMENT ON COLUMN report.mention.entity_id IS 'The thing across articles; NULL until the next refresh';
COMMENT ON COLUMN report.mention.surface IS 'The letters of the file';
COMMENT ON COLUMN report.mention.confidence IS 'How sure, 0 to 1';
COMMENT ON COLUMN report.mention.method IS 'The engine or rule that found it';
COMMENT ON COLUMN report.mention.sentence IS 'The sentence, clean';
COMMENT ON COLUMN report.mention.source IS 'The outlet';
COMMENT ON COLUMN report.mention.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.mention.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.mention.uri IS 'The file';
COMMENT ON COLUMN report.mention.raw_start IS 'First character in the decoded file';
COMMENT ON COLUMN report.mention.raw_end IS 'One past the last character in the decoded file';

-- One row an event that a current article reports, with who, where, when and the sentence that says so.
CREATE VIEW report.event AS
SELECT
    a.article_id,
    v.extraction_id,
    v.n AS event_n,
    v.type,
    v.mode,
    v.status,
    p.actors,
    p.recipients,
    place.name AS place,
    d.first_day AS date_from,
    d.last_day AS date_to,
    coalesce(d.precision, 'unknown') AS date_precision,
    d.surface AS date_surface,
    substr(a.text, s.clean_start + 1, s.clean_end - s.clean_start) AS sentence,
    t.surface AS trigger,
    substr(a.text, v.attribution_clean_start + 1, v.attribution_clean_end - v.attribution_clean_start)
        AS attribution,
    a.title,
    a.source,
    a.published_from,
    a.published_to,
    a.uri,
    t.raw_start AS trigger_start,
    t.raw_end AS trigger_end,
    s.raw_start,
    s.raw_end,
    v.confidence,
    v.rule
FROM report.article AS a
JOIN public.event AS v ON v.extraction_id = a.extraction_id
JOIN public.event_trigger AS t ON t.extraction_id = v.extraction_id AND t.event_n = v.n AND t.ordinal = 0
LEFT JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
LEFT JOIN public.article_entity AS place ON place.extraction_id = v.extraction_id AND place.n = v.location_n
LEFT JOIN public.date_expression AS d ON d.extraction_id = v.extraction_id AND d.n = v.date_n
CROSS JOIN LATERAL (
    SELECT
        coalesce(array_agg(coalesce(n.name, q.text) ORDER BY q.ordinal) FILTER (WHERE q.role = 'actor'), '{}')
            AS actors,
        coalesce(array_agg(coalesce(n.name, q.text) ORDER BY q.ordinal) FILTER (WHERE q.role = 'recipient'), '{}')
            AS recipients
    FROM public.event_participant AS q
    LEFT JOIN public.article_entity AS n ON n.extraction_id = q.extraction_id AND n.n = q.entity_n
    WHERE q.extraction_id = v.extraction_id AND q.event_n = v.n
) AS p;

COMMENT ON VIEW report.event IS 'Events as current articles report them, with the sentence that is the evidence';
COMMENT ON COLUMN report.event.article_id IS 'The article';
COMMENT ON COLUMN report.event.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.event.event_n IS 'Number of the event in the extraction';
COMMENT ON COLUMN report.event.type IS 'One of PLOVER''s sixteen types or of the six civil ones';
COMMENT ON COLUMN report.event.mode IS 'Kind within the type, such as visit';
COMMENT ON COLUMN report.event.status IS 'occurred, ongoing, planned, called_for, denied, cancelled, hypothetical';
COMMENT ON COLUMN report.event.actors IS 'Who did it; of a visit: the visitors';
COMMENT ON COLUMN report.event.recipients IS 'To or with whom; of a visit: the hosts';
COMMENT ON COLUMN report.event.place IS 'Where';
COMMENT ON COLUMN report.event.date_from IS 'First day on which it can have happened; NULL where the text is silent';
COMMENT ON COLUMN report.event.date_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.event.date_precision IS 'day, week, month, season, quarter, year, interval, unknown';
COMMENT ON COLUMN report.event.date_surface IS 'The date as written';
COMMENT ON COLUMN report.event.sentence IS 'The sentence that reports it, clean';
COMMENT ON COLUMN report.event.trigger IS 'The word that reports it, as in the file';
COMMENT ON COLUMN report.event.attribution IS 'Who says so, as written';
COMMENT ON COLUMN report.event.title IS 'Title of the article';
COMMENT ON COLUMN report.event.source IS 'The outlet';
COMMENT ON COLUMN report.event.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.event.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.event.uri IS 'The file';
COMMENT ON COLUMN report.event.trigger_start IS 'First character of the trigger in the decoded file';
COMMENT ON COLUMN report.event.trigger_end IS 'One past the last character of the trigger in the decoded file';
COMMENT ON COLUMN report.event.raw_start IS 'First character of the sentence in the decoded file';
COMMENT ON COLUMN report.event.raw_end IS 'One past the last character of the sentence in the decoded file';
COMMENT ON COLUMN report.event.confidence IS 'How sure, 0 to 1';
COMMENT ON COLUMN report.event.rule IS 'The rule that found it';

-- One row a person and office in a current article.
CREATE VIEW report.office AS
SELECT
    a.article_id,
    o.extraction_id,
    o.n AS office_n,
    person.name AS person,
    o.title,
    organization.name AS organization,
    o.tenure,
    a.published_from,
    a.published_to,
    a.source,
    a.uri,
    o.surface,
    o.raw_start,
    o.raw_end,
    o.confidence
FROM report.article AS a
JOIN public.office AS o ON o.extraction_id = a.extraction_id
JOIN public.article_entity AS person ON person.extraction_id = o.extraction_id AND person.n = o.person_n
LEFT JOIN public.article_entity AS organization
    ON organization.extraction_id = o.extraction_id AND organization.n = o.organization_n;

COMMENT ON VIEW report.office IS 'Offices that current articles say people hold';
COMMENT ON COLUMN report.office.article_id IS 'The article';
COMMENT ON COLUMN report.office.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.office.office_n IS 'Number of the office in the extraction';
COMMENT ON COLUMN report.office.person IS 'Who holds it';
COMMENT ON COLUMN report.office.title IS 'The office, clean';
COMMENT ON COLUMN report.office.organization IS 'Where; NULL where not named';
COMMENT ON COLUMN report.office.tenure IS 'current, former, acting or elect, as of the article';
COMMENT ON COLUMN report.office.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.office.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.office.source IS 'The outlet';
COMMENT ON COLUMN report.office.uri IS 'The file';
COMMENT ON COLUMN report.office.surface IS 'The office as in the file';
COMMENT ON COLUMN report.office.raw_start IS 'First character of the office in the decoded file';
COMMENT ON COLUMN report.office.raw_end IS 'One past the last character of the office in the decoded file';
COMMENT ON COLUMN report.office.confidence IS 'How sure, 0 to 1';

-- One row an entity that current articles name.
CREATE VIEW report.entity AS
SELECT
    i.id AS entity_id,
    i.kind,
    i.name,
    count(DISTINCT a.article_id) AS articles,
    sum(c.mentions)::bigint AS mentions,
    min(a.published_from) AS first_published,
    max(a.published_to) AS last_published
FROM public.entity AS i
JOIN public.article_entity AS n ON n.kind = i.kind AND n.key = i.key
JOIN report.article AS a ON a.extraction_id = n.extraction_id
CROSS JOIN LATERAL (
    SELECT count(*) AS mentions
    FROM public.mention AS m
    WHERE m.extraction_id = n.extraction_id AND m.entity_n = n.n
) AS c
GROUP BY i.id;

COMMENT ON VIEW report.entity IS 'People, organisations, places and named events that current articles name';
COMMENT ON COLUMN report.entity.entity_id IS 'Identity; stable, never reused';
COMMENT ON COLUMN report.entity.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT';
COMMENT ON COLUMN report.entity.name IS 'The longest of its spellings';
COMMENT ON COLUMN report.entity.articles IS 'How many articles name it';
COMMENT ON COLUMN report.entity.mentions IS 'How often they name it';
COMMENT ON COLUMN report.entity.first_published IS 'First day on which an article that names it can have been published';
COMMENT ON COLUMN report.entity.last_published IS 'Last day on which an article that names it can have been published';
