-- As revision 0007 has it.
CREATE OR REPLACE FUNCTION report.search(
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
