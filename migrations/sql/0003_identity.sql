-- Dated offices of canonical people.  Frozen: a later revision brings files of its own.
CREATE VIEW office_tenure AS
SELECT
    coalesce(p.canonical_id, p.id) AS person_id,
    coalesce(o.canonical_id, o.id) AS organization_id,
    t.office,
    (array_agg(t.title ORDER BY length(t.title), t.title COLLATE "C"))[1] AS title,
    min(t.first_seen) AS first_seen,
    max(t.last_seen) AS last_seen,
    min(t.certain_from) AS certain_from,
    max(t.certain_to) AS certain_to,
    min(t.former_seen) AS former_seen,
    sum(t.articles)::integer AS articles,
    sum(t.former_articles)::integer AS former_articles
FROM tenure AS t
JOIN entity AS p ON p.id = t.person_id
LEFT JOIN entity AS o ON o.id = t.organization_id
GROUP BY 1, 2, 3;

COMMENT ON VIEW office_tenure IS 'Dated offices: which person was seen holding which office between which days';
COMMENT ON COLUMN office_tenure.person_id IS 'Who: canonical entity';
COMMENT ON COLUMN office_tenure.organization_id IS 'Where: canonical entity; NULL if unnamed';
COMMENT ON COLUMN office_tenure.office IS 'The office in folded letters without articles';
COMMENT ON COLUMN office_tenure.title IS 'The office as written, the shortest spelling';
COMMENT ON COLUMN office_tenure.first_seen IS 'First day on which an article can have been published that calls the person its holder';
COMMENT ON COLUMN office_tenure.last_seen IS 'Last day on which such an article can have been published';
COMMENT ON COLUMN office_tenure.certain_from IS 'Day by which the first such article had been published';
COMMENT ON COLUMN office_tenure.certain_to IS 'Day on which the last such article was not out yet';
COMMENT ON COLUMN office_tenure.former_seen IS 'Day by which an article had first called the person its former holder';
COMMENT ON COLUMN office_tenure.articles IS 'Articles that call the person its holder';
COMMENT ON COLUMN office_tenure.former_articles IS 'Articles that call the person its former holder';

-- Who held an office on a day.
--
-- An article shows somebody in office on the day of its publication, no longer.  Between the first and the last
-- such day the answer is certain; behind them it is likely until somebody else is seen in the office or the
-- person is called its former holder; before them it is possible where nobody else was seen in between.
CREATE FUNCTION office_holders(asked_office text, asked_organization bigint, asked_day date)
RETURNS TABLE (
    person_id bigint, organization_id bigint, office text, certainty text, first_seen date, last_seen date,
    articles integer
)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH holder AS MATERIALIZED (
        -- the office says where (وزير الداخلية الفرنسي), so that a body named only by some articles does not matter
        SELECT
            t.person_id, max(t.organization_id) AS organization_id, t.office,
            min(t.first_seen) AS first_seen, max(t.last_seen) AS last_seen,
            min(t.certain_from) AS certain_from, max(t.certain_to) AS certain_to,
            min(t.former_seen) AS former_seen, sum(t.articles)::integer AS articles
        FROM public.office_tenure AS t
        WHERE t.office = asked_office
            AND (
                asked_organization IS NULL
                OR t.organization_id = (
                    SELECT coalesce(e.canonical_id, e.id) FROM public.entity AS e WHERE e.id = asked_organization
                )
            )
        GROUP BY t.person_id, t.office
    ), dated AS (
        SELECT h.*,
            (
                SELECT min(o.first_seen) FROM holder AS o
                WHERE o.person_id <> h.person_id AND o.first_seen > h.last_seen
            ) AS succeeded,
            (
                SELECT max(o.last_seen) FROM holder AS o
                WHERE o.person_id <> h.person_id AND o.last_seen < h.first_seen
            ) AS preceded
        FROM holder AS h
        WHERE h.first_seen IS NOT NULL
    ), judged AS (
        SELECT d.*,
            CASE
                WHEN asked_day BETWEEN d.certain_from AND d.certain_to THEN 'certain'
                WHEN asked_day BETWEEN d.first_seen AND d.last_seen THEN 'likely'
                WHEN asked_day > d.last_seen
                    AND asked_day < coalesce(d.succeeded, 'infinity')
                    AND (d.former_seen IS NULL OR d.former_seen <= d.last_seen OR asked_day < d.former_seen)
                    THEN 'likely'
                WHEN asked_day < d.first_seen AND asked_day > coalesce(d.preceded, '-infinity') THEN 'possible'
            END AS sure
        FROM dated AS d
    )
    SELECT j.person_id, j.organization_id, j.office, j.sure, j.first_seen, j.last_seen, j.articles
    FROM judged AS j
    WHERE j.sure IS NOT NULL
    ORDER BY j.sure, j.articles DESC, j.person_id
$$;

COMMENT ON FUNCTION office_holders(text, bigint, date) IS
'Who held an office (tenure.office) of an organisation (NULL for any) on a day: certain, likely or possible';
