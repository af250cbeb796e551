-- Views for people who ask questions.  Frozen: a later revision brings files of its own.

-- ------------------------------------------------------------------------------------------ articles
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
    s.story_id,
    s.kind AS story_kind,
    s.similarity AS story_similarity,
    t.articles AS story_articles,
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
JOIN public.location_version AS v ON v.location_id = l.location_id AND v.ordinal = l.version
LEFT JOIN public.article_story AS s ON s.article_id = a.id
LEFT JOIN public.story AS t ON t.id = s.story_id;
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
COMMENT ON COLUMN report.article.story_id IS 'The story: articles with the same or nearly the same text share it; NULL until the next refresh';
COMMENT ON COLUMN report.article.story_kind IS 'original (the first of its story), exact or near (a copy of it)';
COMMENT ON COLUMN report.article.story_similarity IS 'Share of its text in common with the original, 0 to 1';
COMMENT ON COLUMN report.article.story_articles IS 'How many articles tell the story';
COMMENT ON COLUMN report.article.text IS 'Clean text that clean spans count in, from 0';
COMMENT ON COLUMN report.article.loaded_at IS 'When it was read first';

CREATE VIEW report.copy AS
SELECT
    c.article_id,
    o.article_id AS original_id,
    c.story_id,
    c.kind,
    c.similarity,
    ce.source,
    oe.source AS original_source,
    ce.title,
    oe.title AS original_title,
    ce.published_first_day AS published_from,
    oe.published_first_day AS original_published_from
FROM public.article_story AS c
JOIN public.article_story AS o ON o.story_id = c.story_id AND o.kind = 'original'
JOIN public.extraction AS ce ON ce.id = c.extraction_id
JOIN public.extraction AS oe ON oe.id = o.extraction_id
WHERE c.kind <> 'original';
COMMENT ON VIEW report.copy IS 'Articles whose text is that of an earlier one, beside the original';
COMMENT ON COLUMN report.copy.article_id IS 'The copy: report.article';
COMMENT ON COLUMN report.copy.original_id IS 'The first article with this text: report.article';
COMMENT ON COLUMN report.copy.story_id IS 'The story that both tell';
COMMENT ON COLUMN report.copy.kind IS 'exact: the same words; near: nearly the same';
COMMENT ON COLUMN report.copy.similarity IS 'Share of the text in common, 0 to 1';
COMMENT ON COLUMN report.copy.source IS 'The outlet that copies';
COMMENT ON COLUMN report.copy.original_source IS 'The outlet of the original';
COMMENT ON COLUMN report.copy.title IS 'Title of the copy';
COMMENT ON COLUMN report.copy.original_title IS 'Title of the original';
COMMENT ON COLUMN report.copy.published_from IS 'First day on which the copy can have been published';
COMMENT ON COLUMN report.copy.original_published_from IS 'First day on which the original can have been published';

-- What report.search reads.
CREATE VIEW report.searchable AS
SELECT
    e.article_id,
    e.id AS extraction_id,
    e.terms,
    e.text,
    coalesce(length(e.title), 0) AS title_letters,
    e.title,
    e.source,
    e.published_first_day AS published_from,
    e.published_last_day AS published_to
FROM public.extraction AS e
WHERE e.is_current;
COMMENT ON VIEW report.searchable IS 'Current texts with their search terms; report.search reads it';
COMMENT ON COLUMN report.searchable.article_id IS 'The article: report.article';
COMMENT ON COLUMN report.searchable.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.searchable.terms IS 'Folded words and what is left of them without clitics, with positions: column @@ tsquery';
COMMENT ON COLUMN report.searchable.text IS 'Clean text';
COMMENT ON COLUMN report.searchable.title_letters IS 'How many of its letters are the title';
COMMENT ON COLUMN report.searchable.title IS 'The title, clean; NULL where none was found';
COMMENT ON COLUMN report.searchable.source IS 'The outlet';
COMMENT ON COLUMN report.searchable.published_from IS 'First day on which it can have been published';
COMMENT ON COLUMN report.searchable.published_to IS 'Last day on which it can have been published';

-- ------------------------------------------------------------------------------------------ names
CREATE VIEW report.mention AS
SELECT
    a.article_id,
    m.extraction_id,
    m.n AS mention_n,
    n.kind,
    n.name,
    i.entity_id,
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
LEFT JOIN public.identity AS i ON i.extraction_id = m.extraction_id AND i.n = m.entity_n
LEFT JOIN public.sentence AS s
    ON s.extraction_id = m.extraction_id AND s.clean_start <= m.clean_start AND m.clean_start < s.clean_end;
COMMENT ON VIEW report.mention IS 'Every place where a current article names something';
COMMENT ON COLUMN report.mention.article_id IS 'The article';
COMMENT ON COLUMN report.mention.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.mention.mention_n IS 'Number of the mention in the extraction';
COMMENT ON COLUMN report.mention.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT';
COMMENT ON COLUMN report.mention.name IS 'The fullest form of the name in the article';
COMMENT ON COLUMN report.mention.entity_id IS 'The thing across articles: report.entity; NULL until the next refresh';
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

CREATE VIEW report.entity AS
SELECT
    t.entity_id, t.kind, i.name, t.articles, t.stories, t.mentions, t.first_published, t.last_published,
    (
        SELECT array_agg(s.name ORDER BY s.articles DESC, s.name COLLATE "C")
        FROM report.spelling AS s WHERE s.entity_id = t.entity_id
    ) AS spellings
FROM report.entity_total AS t
JOIN public.entity AS i ON i.id = t.entity_id;
COMMENT ON VIEW report.entity IS 'People, organisations, places and named events that current articles name';
COMMENT ON COLUMN report.entity.entity_id IS 'Identity; stable, never reused';
COMMENT ON COLUMN report.entity.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT';
COMMENT ON COLUMN report.entity.name IS 'The longest of its spellings';
COMMENT ON COLUMN report.entity.articles IS 'How many articles name it, copies included';
COMMENT ON COLUMN report.entity.stories IS 'How many stories name it: copies of a text count once';
COMMENT ON COLUMN report.entity.mentions IS 'How often they name it';
COMMENT ON COLUMN report.entity.first_published IS 'First day on which an article that names it can have been published';
COMMENT ON COLUMN report.entity.last_published IS 'Day of the last dated article that names it';
COMMENT ON COLUMN report.entity.spellings IS 'The names under which articles speak of it, the most frequent first';

DO $$
DECLARE
    shown record;
BEGIN
    FOR shown IN
        SELECT * FROM (VALUES
            ('person', 'person_id', 'PERSON', 'People that current articles name'),
            ('organization', 'organization_id', 'ORGANIZATION', 'Organisations that current articles name')
        ) AS t (view, id, kind, about)
    LOOP
        EXECUTE format(
            'CREATE VIEW report.%1$I AS SELECT entity_id AS %2$I, name, articles, stories, mentions,'
            ' first_published, last_published, spellings FROM report.entity WHERE kind = %3$L',
            shown.view, shown.id, shown.kind);
        EXECUTE format('COMMENT ON VIEW report.%I IS %L', shown.view, shown.about);
        EXECUTE format('COMMENT ON COLUMN report.%I.%I IS %L', shown.view, shown.id, 'Identity: report.entity.entity_id');
    END LOOP;
END
$$;

CREATE VIEW report.coordinates AS
SELECT d.entity_id, d.reference_place_id, d.country_code, r.kind AS place_kind, r.latitude, r.longitude, d.agreement
FROM report.place_decision AS d
LEFT JOIN public.reference_place AS r ON r.id = d.reference_place_id;
COMMENT ON VIEW report.coordinates IS 'Country and coordinates of places; report.place and report.event show them';
COMMENT ON COLUMN report.coordinates.entity_id IS 'The place: report.place';
COMMENT ON COLUMN report.coordinates.reference_place_id IS 'Which of the reference places it is; NULL where open';
COMMENT ON COLUMN report.coordinates.country_code IS 'Country: ISO 3166-1, two letters; NULL where open';
COMMENT ON COLUMN report.coordinates.place_kind IS 'country, region, city, district, area or site';
COMMENT ON COLUMN report.coordinates.latitude IS 'Degrees north; NULL where open';
COMMENT ON COLUMN report.coordinates.longitude IS 'Degrees east; NULL where open';
COMMENT ON COLUMN report.coordinates.agreement IS 'Share of the articles that mean this one by the name, 0 to 1';

CREATE VIEW report.place AS
SELECT
    e.entity_id AS place_id, e.name, p.place_kind, p.country_code, p.latitude, p.longitude, p.agreement,
    e.articles, e.stories, e.mentions, e.first_published, e.last_published, e.spellings
FROM report.entity AS e
LEFT JOIN report.coordinates AS p ON p.entity_id = e.entity_id
WHERE e.kind = 'LOCATION';
COMMENT ON VIEW report.place IS 'Places that current articles name';
COMMENT ON COLUMN report.place.place_id IS 'Identity: report.entity.entity_id';
COMMENT ON COLUMN report.place.country_code IS 'Country: ISO 3166-1, two letters; NULL where open';
COMMENT ON COLUMN report.place.latitude IS 'Degrees north; NULL where open';
COMMENT ON COLUMN report.place.longitude IS 'Degrees east; NULL where open';
COMMENT ON COLUMN report.place.place_kind IS 'country, region, city, district, area or site; NULL where open';
COMMENT ON COLUMN report.place.agreement IS 'Share of the articles that mean this place by the name, 0 to 1';

DO $$
DECLARE
    view text;
BEGIN
    FOREACH view IN ARRAY ARRAY['person', 'organization', 'place'] LOOP
        EXECUTE format('COMMENT ON COLUMN report.%I.name IS %L', view, 'The longest of its spellings');
        EXECUTE format('COMMENT ON COLUMN report.%I.articles IS %L', view, 'How many articles name it, copies included');
        EXECUTE format('COMMENT ON COLUMN report.%I.stories IS %L', view, 'How many stories name it: copies of a text count once');
        EXECUTE format('COMMENT ON COLUMN report.%I.mentions IS %L', view, 'How often they name it');
        EXECUTE format('COMMENT ON COLUMN report.%I.first_published IS %L', view, 'Day of the first dated article that names it');
        EXECUTE format('COMMENT ON COLUMN report.%I.last_published IS %L', view, 'Day of the last dated article that names it');
        EXECUTE format('COMMENT ON COLUMN report.%I.spellings IS %L', view, 'The names under which articles speak of it, the most frequent first');
    END LOOP;
END
$$;

CREATE VIEW report.co_mention AS
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
COMMENT ON VIEW report.co_mention IS 'Who and what is named in the same articles; ask for one entity_id at a time';
COMMENT ON COLUMN report.co_mention.entity_id IS 'One: report.entity';
COMMENT ON COLUMN report.co_mention.other_id IS 'The other: report.entity';
COMMENT ON COLUMN report.co_mention.stories IS 'Stories that name both: copies of a text count once';
COMMENT ON COLUMN report.co_mention.articles IS 'Articles that name both, copies included';
COMMENT ON COLUMN report.co_mention.first_published IS 'Day of the first dated one';
COMMENT ON COLUMN report.co_mention.last_published IS 'Day of the last dated one';

-- ------------------------------------------------------------------------------------------ offices
CREATE VIEW report.office AS
SELECT
    a.article_id,
    o.extraction_id,
    o.n AS office_n,
    person.name AS person,
    pi.entity_id AS person_id,
    o.title,
    organization.name AS organization,
    oi.entity_id AS organization_id,
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
    ON organization.extraction_id = o.extraction_id AND organization.n = o.organization_n
LEFT JOIN public.identity AS pi ON pi.extraction_id = o.extraction_id AND pi.n = o.person_n
LEFT JOIN public.identity AS oi ON oi.extraction_id = o.extraction_id AND oi.n = o.organization_n;
COMMENT ON VIEW report.office IS 'Offices that current articles say people hold; report.tenure sums them up';
COMMENT ON COLUMN report.office.article_id IS 'The article';
COMMENT ON COLUMN report.office.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.office.office_n IS 'Number of the office in the extraction';
COMMENT ON COLUMN report.office.person IS 'Who holds it, as the article names the person';
COMMENT ON COLUMN report.office.person_id IS 'Who holds it: report.entity; NULL until the next refresh';
COMMENT ON COLUMN report.office.title IS 'The office, clean';
COMMENT ON COLUMN report.office.organization IS 'Where; NULL where not named';
COMMENT ON COLUMN report.office.organization_id IS 'Where: report.entity';
COMMENT ON COLUMN report.office.tenure IS 'current, former, acting or elect, as of the article';
COMMENT ON COLUMN report.office.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.office.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.office.source IS 'The outlet';
COMMENT ON COLUMN report.office.uri IS 'The file';
COMMENT ON COLUMN report.office.surface IS 'The office as in the file';
COMMENT ON COLUMN report.office.raw_start IS 'First character of the office in the decoded file';
COMMENT ON COLUMN report.office.raw_end IS 'One past the last character of the office in the decoded file';
COMMENT ON COLUMN report.office.confidence IS 'How sure, 0 to 1';

CREATE VIEW report.tenure AS
SELECT
    t.person_id, p.name AS person, t.title, t.office, t.organization_id, o.name AS organization,
    t.first_seen, t.last_seen, t.certain_from, t.certain_to, t.former_seen, t.articles, t.former_articles
FROM public.tenure AS t
JOIN public.entity AS p ON p.id = t.person_id
LEFT JOIN public.entity AS o ON o.id = t.organization_id;
COMMENT ON VIEW report.tenure IS 'Offices over time: who was seen holding what between which days';
COMMENT ON COLUMN report.tenure.person_id IS 'Who: report.entity';
COMMENT ON COLUMN report.tenure.person IS 'Who, the longest spelling';
COMMENT ON COLUMN report.tenure.title IS 'The office as written, the longest spelling';
COMMENT ON COLUMN report.tenure.office IS 'The office in folded letters without articles: one for all spellings';
COMMENT ON COLUMN report.tenure.organization_id IS 'Where: report.entity; NULL where not named';
COMMENT ON COLUMN report.tenure.organization IS 'Where, the longest spelling';
COMMENT ON COLUMN report.tenure.first_seen IS 'First day on which an article can have been published that calls the person its holder';
COMMENT ON COLUMN report.tenure.last_seen IS 'Last day on which such an article can have been published';
COMMENT ON COLUMN report.tenure.certain_from IS 'Day by which the first such article had been published';
COMMENT ON COLUMN report.tenure.certain_to IS 'Day on which the last such article was not out yet';
COMMENT ON COLUMN report.tenure.former_seen IS 'Day by which an article had first called the person its former holder';
COMMENT ON COLUMN report.tenure.articles IS 'Articles that call the person its holder';
COMMENT ON COLUMN report.tenure.former_articles IS 'Articles that call the person its former holder';

-- ------------------------------------------------------------------------------------------ events
CREATE VIEW report.event_report AS
SELECT
    a.article_id,
    v.extraction_id,
    v.n AS event_n,
    b.occurrence_id AS event_id,
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
    s.clean_start AS sentence_start,
    t.clean_start AS trigger_clean_start,
    t.clean_end AS trigger_clean_end,
    v.confidence,
    v.rule
FROM report.article AS a
JOIN public.event AS v ON v.extraction_id = a.extraction_id
JOIN public.event_trigger AS t ON t.extraction_id = v.extraction_id AND t.event_n = v.n AND t.ordinal = 0
LEFT JOIN public.occurrence_event AS b ON b.extraction_id = v.extraction_id AND b.event_n = v.n
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
COMMENT ON VIEW report.event_report IS 'Events as each current article reports them, with the sentence that is the evidence';
COMMENT ON COLUMN report.event_report.article_id IS 'The article';
COMMENT ON COLUMN report.event_report.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.event_report.event_n IS 'Number of the event in the extraction';
COMMENT ON COLUMN report.event_report.event_id IS 'The happening that it reports: report.event; NULL until the next refresh';
COMMENT ON COLUMN report.event_report.type IS 'One of PLOVER''s sixteen types or of the six civil ones';
COMMENT ON COLUMN report.event_report.mode IS 'Kind within the type, such as visit';
COMMENT ON COLUMN report.event_report.status IS 'occurred, ongoing, planned, called_for, denied, cancelled, hypothetical';
COMMENT ON COLUMN report.event_report.actors IS 'Who did it; of a visit: the visitors';
COMMENT ON COLUMN report.event_report.recipients IS 'To or with whom; of a visit: the hosts';
COMMENT ON COLUMN report.event_report.place IS 'Where';
COMMENT ON COLUMN report.event_report.date_from IS 'First day on which it can have happened; NULL where the text is silent';
COMMENT ON COLUMN report.event_report.date_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.event_report.date_precision IS 'day, week, month, season, quarter, year, interval, unknown';
COMMENT ON COLUMN report.event_report.date_surface IS 'The date as written';
COMMENT ON COLUMN report.event_report.sentence IS 'The sentence that reports it, clean';
COMMENT ON COLUMN report.event_report.trigger IS 'The word that reports it, as in the file';
COMMENT ON COLUMN report.event_report.attribution IS 'Who says so, as written';
COMMENT ON COLUMN report.event_report.title IS 'Title of the article';
COMMENT ON COLUMN report.event_report.source IS 'The outlet';
COMMENT ON COLUMN report.event_report.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.event_report.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.event_report.uri IS 'The file';
COMMENT ON COLUMN report.event_report.trigger_start IS 'First character of the trigger in the decoded file';
COMMENT ON COLUMN report.event_report.trigger_end IS 'One past the last character of the trigger in the decoded file';
COMMENT ON COLUMN report.event_report.raw_start IS 'First character of the sentence in the decoded file';
COMMENT ON COLUMN report.event_report.raw_end IS 'One past the last character of the sentence in the decoded file';
COMMENT ON COLUMN report.event_report.sentence_start IS 'First character of the sentence in report.article.text';
COMMENT ON COLUMN report.event_report.trigger_clean_start IS 'First character of the trigger in report.article.text';
COMMENT ON COLUMN report.event_report.trigger_clean_end IS 'One past the last character of the trigger in report.article.text';
COMMENT ON COLUMN report.event_report.confidence IS 'How sure, 0 to 1';
COMMENT ON COLUMN report.event_report.rule IS 'The rule that found it';

CREATE VIEW report.event_participant AS
SELECT
    p.event_id, o.type, o.status, o.first_day AS date_from, o.last_day AS date_to,
    p.role, p.ordinal, p.entity_id, e.kind, coalesce(e.name, p.text) AS name, p.reports
FROM report.participation AS p
JOIN public.occurrence AS o ON o.id = p.event_id
LEFT JOIN public.entity AS e ON e.id = p.entity_id;
COMMENT ON VIEW report.event_participant IS 'Who takes part in events, one row an event, role and participant';
COMMENT ON COLUMN report.event_participant.event_id IS 'The event: report.event';
COMMENT ON COLUMN report.event_participant.type IS 'Its type';
COMMENT ON COLUMN report.event_participant.status IS 'Its status';
COMMENT ON COLUMN report.event_participant.date_from IS 'First day on which it can have happened';
COMMENT ON COLUMN report.event_participant.date_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.event_participant.role IS 'actor (of a visit: the visitor) or recipient (the host)';
COMMENT ON COLUMN report.event_participant.ordinal IS 'Number in the role, from 0: what most reports say comes first';
COMMENT ON COLUMN report.event_participant.entity_id IS 'Who: report.entity; NULL for those without a name';
COMMENT ON COLUMN report.event_participant.kind IS 'PERSON, ORGANIZATION, LOCATION or NAMED_EVENT; NULL for those without a name';
COMMENT ON COLUMN report.event_participant.name IS 'Who, the longest spelling; for those without a name as a report has it';
COMMENT ON COLUMN report.event_participant.reports IS 'How many articles say so';

CREATE VIEW report.event AS
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
COMMENT ON VIEW report.event IS 'Events: one row a happening, however many articles report it';
COMMENT ON COLUMN report.event.event_id IS 'Identity; stays with the happening, never reused';
COMMENT ON COLUMN report.event.type IS 'One of PLOVER''s sixteen types or of the six civil ones';
COMMENT ON COLUMN report.event.mode IS 'Kind within the type, such as visit';
COMMENT ON COLUMN report.event.status IS 'occurred, ongoing, planned, called_for, denied, cancelled, hypothetical';
COMMENT ON COLUMN report.event.actors IS 'Who did it; of a visit: the visitors; what most reports say comes first';
COMMENT ON COLUMN report.event.recipients IS 'To or with whom; of a visit: the hosts';
COMMENT ON COLUMN report.event.participant_ids IS 'All of them that have a name: report.entity';
COMMENT ON COLUMN report.event.place_id IS 'Where: report.place; NULL where unsaid';
COMMENT ON COLUMN report.event.place IS 'Where, the longest spelling';
COMMENT ON COLUMN report.event.country_code IS 'Country of the place: ISO 3166-1, two letters';
COMMENT ON COLUMN report.event.latitude IS 'Degrees north of the place';
COMMENT ON COLUMN report.event.longitude IS 'Degrees east of the place';
COMMENT ON COLUMN report.event.date_from IS 'First day on which it can have happened; NULL where all reports are silent';
COMMENT ON COLUMN report.event.date_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.event.date_precision IS 'day, week, month, season, quarter, year, interval, unknown';
COMMENT ON COLUMN report.event.date_conflict IS 'Whether reports give days that exclude each other';
COMMENT ON COLUMN report.event.independent_reports IS 'How many stories report it: copies of a text count once';
COMMENT ON COLUMN report.event.reports IS 'How many articles report it, copies included';
COMMENT ON COLUMN report.event.first_reported IS 'Day of the first dated report';
COMMENT ON COLUMN report.event.last_reported IS 'Day of the last dated report';
COMMENT ON COLUMN report.event.confidence IS 'How sure, 0 to 1';
COMMENT ON COLUMN report.event.article_id IS 'Article of the surest report: report.article; report.evidence(event_id) shows all';
COMMENT ON COLUMN report.event.title IS 'Title of that article';
COMMENT ON COLUMN report.event.source IS 'Its outlet';
COMMENT ON COLUMN report.event.sentence IS 'Its sentence that reports the event, clean';
COMMENT ON COLUMN report.event.trigger IS 'The word in it that reports the event, as in the file';

CREATE VIEW report.meeting AS
SELECT
    o.id AS event_id, o.mode, o.status,
    a.entity_id AS visitor_id, coalesce(ae.name, a.text) AS visitor,
    r.entity_id AS host_id, coalesce(re.name, r.text) AS host,
    o.place_id, w.name AS place,
    o.first_day AS date_from, o.last_day AS date_to, o.date_precision,
    o.stories AS independent_reports, o.confidence
FROM public.occurrence AS o
JOIN report.participation AS a ON a.event_id = o.id AND a.role = 'actor'
LEFT JOIN report.participation AS r ON r.event_id = o.id AND r.role = 'recipient'
LEFT JOIN public.entity AS ae ON ae.id = a.entity_id
LEFT JOIN public.entity AS re ON re.id = r.entity_id
LEFT JOIN public.entity AS w ON w.id = o.place_id
WHERE o.type = 'CONSULT';
COMMENT ON VIEW report.meeting IS 'Visits, talks and calls (CONSULT): one row a visitor and host';
COMMENT ON COLUMN report.meeting.event_id IS 'The event: report.event';
COMMENT ON COLUMN report.meeting.mode IS 'visit, third-party, multilateral or phone; NULL where the text leaves it open';
COMMENT ON COLUMN report.meeting.status IS 'occurred, ongoing, planned, called_for, denied, cancelled, hypothetical';
COMMENT ON COLUMN report.meeting.visitor_id IS 'The visitor, or one side: report.entity; NULL without a name';
COMMENT ON COLUMN report.meeting.visitor IS 'The visitor, or one side';
COMMENT ON COLUMN report.meeting.host_id IS 'The host, or the other side: report.entity; NULL without a name';
COMMENT ON COLUMN report.meeting.host IS 'The host, or the other side; NULL where unsaid';
COMMENT ON COLUMN report.meeting.place_id IS 'Where: report.place';
COMMENT ON COLUMN report.meeting.place IS 'Where';
COMMENT ON COLUMN report.meeting.date_from IS 'First day on which it can have happened';
COMMENT ON COLUMN report.meeting.date_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.meeting.date_precision IS 'day, week, month, season, quarter, year, interval, unknown';
COMMENT ON COLUMN report.meeting.independent_reports IS 'How many stories report it: copies of a text count once';
COMMENT ON COLUMN report.meeting.confidence IS 'How sure, 0 to 1';

CREATE VIEW report.announcement AS
SELECT
    l.announced_id, p.type, p.status AS announced_as, p.first_day AS announced_from, p.last_day AS announced_to,
    p.first_reported AS announced_on, l.happened_id, h.status AS outcome, h.first_day AS happened_from,
    h.last_day AS happened_to, l.score
FROM public.occurrence_link AS l
JOIN public.occurrence AS p ON p.id = l.announced_id
JOIN public.occurrence AS h ON h.id = l.happened_id;
COMMENT ON VIEW report.announcement IS 'Plans, calls, denials and cancellations beside the happening that they speak of';
COMMENT ON COLUMN report.announcement.announced_id IS 'What was planned, called for or denied: report.event';
COMMENT ON COLUMN report.announcement.type IS 'Its type';
COMMENT ON COLUMN report.announcement.announced_as IS 'planned, called_for, denied, cancelled or hypothetical';
COMMENT ON COLUMN report.announcement.announced_from IS 'First day for which it was announced';
COMMENT ON COLUMN report.announcement.announced_to IS 'Last day for which it was announced';
COMMENT ON COLUMN report.announcement.announced_on IS 'Day of the first dated article that announces it';
COMMENT ON COLUMN report.announcement.happened_id IS 'What took place: report.event';
COMMENT ON COLUMN report.announcement.outcome IS 'Its status';
COMMENT ON COLUMN report.announcement.happened_from IS 'First day on which it can have happened';
COMMENT ON COLUMN report.announcement.happened_to IS 'Last day on which it can have happened';
COMMENT ON COLUMN report.announcement.score IS 'How well the two fit, 0 to 1';

-- PLOVER knows sixteen types and no status: what took place counts, and a visit that is planned is an agreement.
CREATE VIEW report.plover AS
SELECT
    o.id AS event_id,
    o.first_day AS day,
    CASE WHEN o.status = 'planned' THEN 'AGREE' ELSE o.type END AS type,
    CASE WHEN o.status = 'planned' THEN NULL ELSE o.mode END AS mode,
    a.entity_id AS actor_id, coalesce(ae.name, a.text) AS actor,
    r.entity_id AS recipient_id, coalesce(re.name, r.text) AS recipient,
    w.name AS place, g.country_code, g.latitude, g.longitude,
    o.first_reported, o.stories AS independent_reports, o.confidence
FROM public.occurrence AS o
JOIN report.participation AS a ON a.event_id = o.id AND a.role = 'actor'
LEFT JOIN report.participation AS r ON r.event_id = o.id AND r.role = 'recipient'
LEFT JOIN public.entity AS ae ON ae.id = a.entity_id
LEFT JOIN public.entity AS re ON re.id = r.entity_id
LEFT JOIN public.entity AS w ON w.id = o.place_id
LEFT JOIN report.coordinates AS g ON g.entity_id = o.place_id
WHERE o.type IN ('CONSULT', 'AGREE', 'SUPPORT', 'CONCEDE', 'COOPERATE', 'AID', 'RETREAT', 'REQUEST', 'ACCUSE',
        'REJECT', 'THREATEN', 'PROTEST', 'SANCTION', 'MOBILIZE', 'COERCE', 'ASSAULT')
    AND (o.status IN ('occurred', 'ongoing') OR (o.status = 'planned' AND o.type = 'CONSULT'));
COMMENT ON VIEW report.plover IS
    'Events as PLOVER 2.0 counts them: sixteen types, one row an actor and recipient, only what took place; a planned CONSULT is an AGREE';
COMMENT ON COLUMN report.plover.event_id IS 'The event: report.event';
COMMENT ON COLUMN report.plover.day IS 'First day on which it can have happened; NULL where unsaid';
COMMENT ON COLUMN report.plover.type IS 'One of PLOVER''s sixteen types';
COMMENT ON COLUMN report.plover.mode IS 'PLOVER''s mode';
COMMENT ON COLUMN report.plover.actor_id IS 'Who did it: report.entity; NULL without a name';
COMMENT ON COLUMN report.plover.actor IS 'Who did it';
COMMENT ON COLUMN report.plover.recipient_id IS 'To or with whom: report.entity; NULL without a name';
COMMENT ON COLUMN report.plover.recipient IS 'To or with whom; NULL where unsaid';
COMMENT ON COLUMN report.plover.place IS 'Where';
COMMENT ON COLUMN report.plover.country_code IS 'Country of the place: ISO 3166-1, two letters';
COMMENT ON COLUMN report.plover.latitude IS 'Degrees north of the place';
COMMENT ON COLUMN report.plover.longitude IS 'Degrees east of the place';
COMMENT ON COLUMN report.plover.first_reported IS 'Day of the first dated report';
COMMENT ON COLUMN report.plover.independent_reports IS 'How many stories report it: copies of a text count once';
COMMENT ON COLUMN report.plover.confidence IS 'How sure, 0 to 1';

CREATE VIEW report.plover_one_a_day AS
SELECT event_id, day, type, mode, actor_id, actor, recipient_id, recipient, place, country_code, latitude,
    longitude, first_reported, independent_reports, confidence
FROM (
    SELECT p.*,
        row_number() OVER (
            PARTITION BY day, type, actor_id, actor, recipient_id, recipient
            ORDER BY independent_reports DESC, confidence DESC, event_id
        ) AS place_in_day
    FROM report.plover AS p
    WHERE day IS NOT NULL
) AS ranked
WHERE place_in_day = 1;
COMMENT ON VIEW report.plover_one_a_day IS
    'report.plover with at most one event of a type a day for each actor and recipient, the best reported one';

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT a.attname, col_description('report.plover'::regclass, a.attnum) AS meaning FROM pg_attribute AS a
        WHERE a.attrelid = 'report.plover'::regclass AND a.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN report.plover_one_a_day.%I IS %L', one.attname, one.meaning);
    END LOOP;
END
$$;

-- ------------------------------------------------------------------------------------------ quotations
CREATE VIEW report.quotation AS
SELECT
    a.article_id, q.extraction_id, q.n AS quotation_n,
    i.entity_id AS speaker_id, coalesce(e.name, q.speaker) AS speaker, q.speaker AS speaker_as_written, q.direct,
    substr(a.text, q.verb_clean_start + 1, q.verb_clean_end - q.verb_clean_start) AS verb,
    substr(a.text, q.clean_start + 1, q.clean_end - q.clean_start) AS quotation,
    a.source, a.published_from, a.published_to, a.story_id, a.story_kind, a.uri, q.raw_start, q.raw_end
FROM report.article AS a
JOIN public.quotation AS q ON q.extraction_id = a.extraction_id
LEFT JOIN public.identity AS i ON i.extraction_id = q.extraction_id AND i.n = q.speaker_n
LEFT JOIN public.entity AS e ON e.id = i.entity_id;
COMMENT ON VIEW report.quotation IS 'Who said what';
COMMENT ON COLUMN report.quotation.article_id IS 'The article';
COMMENT ON COLUMN report.quotation.extraction_id IS 'The extraction';
COMMENT ON COLUMN report.quotation.quotation_n IS 'Number of the quotation in the extraction';
COMMENT ON COLUMN report.quotation.speaker_id IS 'Who: report.entity; NULL without a name';
COMMENT ON COLUMN report.quotation.speaker IS 'Who, the longest spelling; without a name as written';
COMMENT ON COLUMN report.quotation.speaker_as_written IS 'Who, as written';
COMMENT ON COLUMN report.quotation.direct IS 'Whether the words stand in quotation marks';
COMMENT ON COLUMN report.quotation.verb IS 'Verb of saying, clean';
COMMENT ON COLUMN report.quotation.quotation IS 'What was said, clean';
COMMENT ON COLUMN report.quotation.source IS 'The outlet';
COMMENT ON COLUMN report.quotation.published_from IS 'First day on which the article can have been published';
COMMENT ON COLUMN report.quotation.published_to IS 'Last day on which the article can have been published';
COMMENT ON COLUMN report.quotation.story_id IS 'The story that the article tells';
COMMENT ON COLUMN report.quotation.story_kind IS 'original, exact or near: only the first counts once';
COMMENT ON COLUMN report.quotation.uri IS 'The file';
COMMENT ON COLUMN report.quotation.raw_start IS 'What was said: first character in the decoded file';
COMMENT ON COLUMN report.quotation.raw_end IS 'What was said: one past the last character in the decoded file';

-- ------------------------------------------------------------------------------------------ timeline
CREATE VIEW report.timeline_entry AS
SELECT
    p.entity_id, o.first_day AS day_from, o.last_day AS day_to, o.date_precision, 'event' AS what, o.type,
    o.status, p.role, e.name AS place,
    ARRAY(
        SELECT coalesce(n.name, q.text) FROM report.participation AS q
        LEFT JOIN public.entity AS n ON n.id = q.entity_id
        WHERE q.event_id = p.event_id AND (q.role, q.ordinal) <> (p.role, p.ordinal)
        ORDER BY q.role, q.ordinal
    ) AS others,
    (
        SELECT substr(x.text, s.clean_start + 1, s.clean_end - s.clean_start)
        FROM report.best_report AS b
        JOIN public.event AS v ON v.extraction_id = b.extraction_id AND v.n = b.event_n
        JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
        JOIN public.extraction AS x ON x.id = b.extraction_id
        WHERE b.event_id = p.event_id
    ) AS text,
    o.first_reported, o.stories AS independent_reports, o.confidence, p.event_id
FROM report.participation AS p
JOIN public.occurrence AS o ON o.id = p.event_id
LEFT JOIN public.entity AS e ON e.id = o.place_id
WHERE p.entity_id IS NOT NULL
UNION ALL
SELECT
    t.person_id, t.first_seen, t.last_seen, 'interval', 'office', NULL,
    CASE WHEN t.articles = 0 THEN 'former' ELSE 'held' END, NULL, NULL,
    CASE WHEN o.name IS NULL THEN '{}' ELSE ARRAY[o.name] END,
    t.title, t.first_seen, t.articles + t.former_articles, NULL, NULL
FROM public.tenure AS t
LEFT JOIN public.entity AS o ON o.id = t.organization_id;
COMMENT ON VIEW report.timeline_entry IS 'What is known of each thing over time: its events and, of people, their offices';
COMMENT ON COLUMN report.timeline_entry.entity_id IS 'Whose timeline: report.entity';
COMMENT ON COLUMN report.timeline_entry.day_from IS 'First day on which it can have happened, or on which the office was seen held';
COMMENT ON COLUMN report.timeline_entry.day_to IS 'Last such day';
COMMENT ON COLUMN report.timeline_entry.date_precision IS 'day, week, month, season, quarter, year, interval, unknown';
COMMENT ON COLUMN report.timeline_entry.what IS 'event or office';
COMMENT ON COLUMN report.timeline_entry.type IS 'The event''s type';
COMMENT ON COLUMN report.timeline_entry.status IS 'The event''s status; held or former of an office';
COMMENT ON COLUMN report.timeline_entry.role IS 'actor or recipient in the event';
COMMENT ON COLUMN report.timeline_entry.place IS 'Where the event was';
COMMENT ON COLUMN report.timeline_entry.others IS 'Who else took part; the organisation of an office';
COMMENT ON COLUMN report.timeline_entry.text IS 'The sentence of the surest report; the title of an office';
COMMENT ON COLUMN report.timeline_entry.first_reported IS 'Day of the first dated report';
COMMENT ON COLUMN report.timeline_entry.independent_reports IS 'How many stories report it; articles that name an office';
COMMENT ON COLUMN report.timeline_entry.confidence IS 'How sure, 0 to 1';
COMMENT ON COLUMN report.timeline_entry.event_id IS 'The event: report.event';

-- ------------------------------------------------------------------------------------------ the running of it
CREATE VIEW report.source_freshness AS
SELECT
    source, sum(articles)::bigint AS articles, sum(originals)::bigint AS originals,
    min(day) AS first_published, max(day) AS last_published, max(last_loaded) AS last_loaded,
    current_date - max(day) AS days_since_published
FROM report.source_volume
GROUP BY source;
COMMENT ON VIEW report.source_freshness IS 'What each outlet brought so far, and how long ago the last of it is';
COMMENT ON COLUMN report.source_freshness.source IS 'The outlet; NULL where unknown';
COMMENT ON COLUMN report.source_freshness.articles IS 'Articles';
COMMENT ON COLUMN report.source_freshness.originals IS 'Those that are no copy of an earlier one';
COMMENT ON COLUMN report.source_freshness.first_published IS 'Day of the first dated article';
COMMENT ON COLUMN report.source_freshness.last_published IS 'Day of the last dated article';
COMMENT ON COLUMN report.source_freshness.last_loaded IS 'When an article of it was loaded last';
COMMENT ON COLUMN report.source_freshness.days_since_published IS 'Days since the last dated article';

CREATE VIEW report.freshness AS
WITH waiting (step, what, backlog) AS (
    SELECT 1, 'entities', (SELECT count(*) FROM public.entity_queue)
    UNION ALL SELECT 2, 'stories', (SELECT count(*) FROM public.story_queue)
    UNION ALL SELECT 3, 'events', (SELECT count(*) FROM public.occurrence_queue)
    UNION ALL SELECT 4, 'reports', (SELECT count(*) FROM report.refresh_queue)
)
SELECT
    w.what, w.backlog, w.backlog > 0 AS stale, r.at AS refreshed_at, r.seconds, r.changes,
    (SELECT max(last_loaded) FROM report.source_volume) AS newest_article
FROM waiting AS w
LEFT JOIN report.refreshed AS r ON r.what = w.what
ORDER BY w.step;
COMMENT ON VIEW report.freshness IS 'Whether what is derived across articles is up to date; `rasd refresh` makes it so';
COMMENT ON COLUMN report.freshness.what IS 'entities, stories, events, reports: each is made from those before it';
COMMENT ON COLUMN report.freshness.backlog IS 'Changes that the next refresh has still to read';
COMMENT ON COLUMN report.freshness.stale IS 'Whether there are any';
COMMENT ON COLUMN report.freshness.refreshed_at IS 'When the reports were brought up to date last';
COMMENT ON COLUMN report.freshness.seconds IS 'How long that took';
COMMENT ON COLUMN report.freshness.changes IS 'How many changes it read';
COMMENT ON COLUMN report.freshness.newest_article IS 'When the newest article that reports count was loaded';

CREATE VIEW report.run_health AS
SELECT
    id AS run_id, kind, state, started_at, finished_at,
    extract(epoch FROM coalesce(finished_at, now()) - started_at)::real AS seconds,
    (counts ->> 'seen')::bigint AS seen,
    (counts ->> 'loaded')::bigint AS loaded,
    (counts ->> 'known')::bigint AS known,
    (SELECT coalesce(sum(r.value::bigint), 0) FROM jsonb_each_text(
        CASE jsonb_typeof(counts -> 'rejected') WHEN 'object' THEN counts -> 'rejected' ELSE '{}' END
    ) AS r)::bigint AS rejected,
    ((counts ->> 'loaded')::bigint / nullif(extract(epoch FROM finished_at - started_at), 0))::real
        AS articles_a_second,
    error
FROM public.run;
COMMENT ON VIEW report.run_health IS 'Runs: what each did, how long it took, why it failed';
COMMENT ON COLUMN report.run_health.run_id IS 'The run';
COMMENT ON COLUMN report.run_health.kind IS 'What was run: ingest, backfill, refresh, ...';
COMMENT ON COLUMN report.run_health.state IS 'running, completed, partial (some files rejected), failed, crashed or cancelled';
COMMENT ON COLUMN report.run_health.started_at IS 'When it began';
COMMENT ON COLUMN report.run_health.finished_at IS 'When it ended; NULL while it runs';
COMMENT ON COLUMN report.run_health.seconds IS 'How long it took, or has taken so far';
COMMENT ON COLUMN report.run_health.seen IS 'Files seen';
COMMENT ON COLUMN report.run_health.loaded IS 'Articles loaded';
COMMENT ON COLUMN report.run_health.known IS 'Files that were loaded before';
COMMENT ON COLUMN report.run_health.rejected IS 'Files rejected';
COMMENT ON COLUMN report.run_health.articles_a_second IS 'Articles loaded a second, the whole run counted';
COMMENT ON COLUMN report.run_health.error IS 'Why it failed, for people';

CREATE VIEW report.rejection AS
SELECT
    id AS rejection_id, uri, stage, cause, message, size, attempts, first_seen_at, last_seen_at,
    resolved_at IS NULL AS open, resolved_at, resolution, run_id
FROM public.rejection;
COMMENT ON VIEW report.rejection IS 'Files that could not be turned into articles, and why';
COMMENT ON COLUMN report.rejection.rejection_id IS 'Identity of the rejection';
COMMENT ON COLUMN report.rejection.uri IS 'The file: absolute path or URL, members as archive::member';
COMMENT ON COLUMN report.rejection.stage IS 'Where it failed: discover, read, decode, layout, load, ...';
COMMENT ON COLUMN report.rejection.cause IS 'A stable short code: empty, binary, too_large, ...';
COMMENT ON COLUMN report.rejection.message IS 'The cause in words';
COMMENT ON COLUMN report.rejection.size IS 'The file''s size in bytes, where known';
COMMENT ON COLUMN report.rejection.attempts IS 'How often it was tried in vain';
COMMENT ON COLUMN report.rejection.first_seen_at IS 'When it failed first';
COMMENT ON COLUMN report.rejection.last_seen_at IS 'When it failed last';
COMMENT ON COLUMN report.rejection.open IS 'Whether it still stands';
COMMENT ON COLUMN report.rejection.resolved_at IS 'When the file could be loaded after all, or a person closed the case';
COMMENT ON COLUMN report.rejection.resolution IS 'How it was resolved: loaded, dismissed, ...';
COMMENT ON COLUMN report.rejection.run_id IS 'The run that saw it last: report.run_health';

CREATE VIEW report.data_quality AS
SELECT CASE v.total WHEN 1 THEN '(all)' ELSE coalesce(v.source, '(unknown)') END AS source, m.measure, m.hits, m.of, (m.hits::double precision / nullif(m.of, 0))::real AS share
FROM (
    SELECT
        source, grouping(source) AS total, sum(articles) AS articles, sum(articles) FILTER (WHERE day IS NULL) AS undated,
        sum(articles - originals) AS copies, sum(other_languages) AS other_languages, sum(faulty) AS faulty,
        sum(nameless) AS nameless, sum(events) AS events, sum(undated_events) AS undated_events
    FROM report.source_volume
    GROUP BY GROUPING SETS ((source), ())
) AS v
CROSS JOIN LATERAL (VALUES
    ('articles without a day', coalesce(v.undated, 0)::bigint, v.articles::bigint),
    ('articles that are copies', v.copies::bigint, v.articles::bigint),
    ('articles not in Arabic', v.other_languages::bigint, v.articles::bigint),
    ('articles from faulty files', v.faulty::bigint, v.articles::bigint),
    ('Arabic articles without a name', v.nameless::bigint, (v.articles - v.other_languages)::bigint),
    ('events without a day', v.undated_events::bigint, v.events::bigint)
) AS m (measure, hits, of);
COMMENT ON VIEW report.data_quality IS 'What is missing or odd, by outlet and in all';
COMMENT ON COLUMN report.data_quality.source IS 'The outlet, (unknown), or (all) for the sum';
COMMENT ON COLUMN report.data_quality.measure IS 'What is counted';
COMMENT ON COLUMN report.data_quality.hits IS 'How many have it';
COMMENT ON COLUMN report.data_quality.of IS 'Of how many';
COMMENT ON COLUMN report.data_quality.share IS 'hits / of, 0 to 1; NULL where there are none';
