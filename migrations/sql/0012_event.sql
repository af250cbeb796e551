-- Few enough tables that a question which joins this view with others is planned as a whole.  Frozen.
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
    (
        SELECT substr(x.text, s.clean_start + 1, s.clean_end - s.clean_start)
        FROM public.event AS v
        JOIN public.sentence AS s ON s.extraction_id = v.extraction_id AND s.n = v.sentence_n
        WHERE v.extraction_id = b.extraction_id AND v.n = b.event_n
    ) AS sentence,
    (
        SELECT t.surface FROM public.event_trigger AS t
        WHERE t.extraction_id = b.extraction_id AND t.event_n = b.event_n AND t.ordinal = 0
    ) AS trigger
FROM public.occurrence AS o
LEFT JOIN public.entity AS w ON w.id = o.place_id
LEFT JOIN report.coordinates AS g ON g.entity_id = o.place_id
LEFT JOIN report.best_report AS b ON b.event_id = o.id
LEFT JOIN public.extraction AS x ON x.id = b.extraction_id;
