-- Who held an office on a day.  Frozen: a later revision brings files of its own.
--
-- An article shows somebody in office on the day of its publication, no longer.  Between the first and the last
-- such day the answer is certain; behind them it is likely until somebody else is seen in the office or the
-- person is called its former holder; before them it is possible where nobody else was seen in between.
CREATE FUNCTION office_holders(asked_office text, asked_organization bigint, asked_day date)
RETURNS TABLE (person_id bigint, organization_id bigint, office text, certainty text, first_seen date, last_seen date, articles int)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH holder AS (
        SELECT t.*,
            -- the next one's first day and the one before's last day
            (
                SELECT min(o.first_seen) FROM tenure AS o
                WHERE o.office = t.office AND o.organization_id IS NOT DISTINCT FROM t.organization_id
                    AND o.person_id <> t.person_id AND o.first_seen > t.last_seen
            ) AS succeeded,
            (
                SELECT max(o.last_seen) FROM tenure AS o
                WHERE o.office = t.office AND o.organization_id IS NOT DISTINCT FROM t.organization_id
                    AND o.person_id <> t.person_id AND o.last_seen < t.first_seen
            ) AS preceded
        FROM tenure AS t
        WHERE t.office = asked_office AND t.articles > 0 AND t.first_seen IS NOT NULL
            AND (asked_organization IS NULL OR t.organization_id = asked_organization)
    ), judged AS (
        SELECT h.*,
            CASE
                WHEN asked_day BETWEEN h.certain_from AND h.certain_to THEN 'certain'
                WHEN asked_day BETWEEN h.first_seen AND h.last_seen THEN 'likely'
                WHEN asked_day > h.last_seen
                    AND asked_day < coalesce(h.succeeded, 'infinity')
                    AND asked_day < coalesce(CASE WHEN h.former_seen > h.last_seen THEN h.former_seen END, 'infinity')
                    THEN 'likely'
                WHEN asked_day < h.first_seen AND asked_day > coalesce(h.preceded, '-infinity') THEN 'possible'
            END AS sure
        FROM holder AS h
    )
    SELECT j.person_id, j.organization_id, j.office, j.sure, j.first_seen, j.last_seen, j.articles
    FROM judged AS j
    WHERE j.sure IS NOT NULL
    ORDER BY j.sure, j.articles DESC, j.person_id
$$;

COMMENT ON FUNCTION office_holders(text, bigint, date) IS
'Who held an office (tenure.office) of an organisation (NULL for any) on a day: certain, likely or possible';
