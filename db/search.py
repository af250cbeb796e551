"""The questions that `rasd search`, `who`, `timeline` and `events` ask; schema report only."""

SEARCH = """
SELECT s.article_id, s.rank, s.exact, s.title, s.snippet, s.spans, s.source, s.published_from, a.url, a.uri
FROM report.search(
    :query, :limit, CAST(:since AS date), CAST(:until AS date), CAST(:source AS text)
) AS s
JOIN report.article AS a ON a.article_id = s.article_id
ORDER BY s.exact DESC, s.rank DESC, s.article_id DESC
"""
NAMES = """
SELECT e.entity_id, e.kind, e.name, e.spelling, e.score, e.articles, e.stories, e.first_published,
       e.last_published, n.spellings
FROM report.entity(:name, :limit) AS e
JOIN report.entity AS n ON n.entity_id = e.entity_id
WHERE e.score >= 0.3
ORDER BY e.score DESC, e.stories DESC, e.entity_id
"""
OFFICES = """
SELECT title, organization, first_seen, last_seen, articles, former_articles
FROM report.tenure WHERE person_id = :entity
ORDER BY first_seen NULLS LAST, title COLLATE "C" LIMIT :limit
"""
WHO_MET = """
SELECT other, entity_was, mode, status, place, date_from, date_to, independent_reports, confidence
FROM report.who_met(CAST(:entity AS bigint), CAST(:since AS date), CAST(:until AS date))
LIMIT :limit
"""
NAMED_BESIDE = """
SELECT e.kind, e.name, c.stories, c.articles
FROM (
    SELECT other_id, stories, articles FROM report.co_mention WHERE entity_id = :entity
    ORDER BY stories DESC FETCH FIRST :limit ROWS WITH TIES
) AS c JOIN report.entity AS e ON e.entity_id = c.other_id
ORDER BY c.stories DESC, e.name COLLATE "C" LIMIT :limit
"""
TIMELINE = """
SELECT t.day_from AS date_from, t.day_to AS date_to, t.date_precision, t.what, t.type, t.status, t.role,
       t.place, t.others, t.text, t.first_reported, t.independent_reports, t.confidence, t.event_id
FROM report.timeline(:name, CAST(:since AS date), CAST(:until AS date), CAST(:confidence AS real)) AS t
LIMIT :limit
"""
EVENTS = """
SELECT event_id, type, mode, status, date_from, date_to, date_precision, place, country_code,
       actors, recipients, independent_reports, reports, confidence, sentence AS text, source,
       first_reported, last_reported
FROM report.event
WHERE confidence >= :confidence
  AND (CAST(:since AS date) IS NULL OR date_to >= CAST(:since AS date))
  AND (CAST(:until AS date) IS NULL OR date_from <= CAST(:until AS date))
  AND (
      -- asks the index of days
      coalesce(CAST(:since AS date), CAST(:until AS date)) IS NULL
      OR daterange(coalesce(date_from, first_reported), coalesce(date_to, first_reported), '[]')
         && CASE WHEN CAST(:until AS date) < CAST(:since AS date)
                 THEN daterange(CAST(:until AS date), CAST(:since AS date), '[]')
                 ELSE daterange(CAST(:since AS date), CAST(:until AS date), '[]') END
  )
  AND (CAST(:types AS text[]) IS NULL OR type = ANY (CAST(:types AS text[])))
  AND (CAST(:status AS text) IS NULL OR status = CAST(:status AS text))
  AND (
      CAST(:place AS text) IS NULL
      OR place_id = ANY (ARRAY(
          SELECT entity_id FROM report.entity(CAST(:place AS text), 20)
          WHERE kind = 'LOCATION' AND score >= 0.9
      ))
  )
ORDER BY coalesce(date_from, first_reported) DESC NULLS LAST, event_id DESC
LIMIT :limit
"""
