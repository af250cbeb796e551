-- Who is named beside what is named in very many stories: counted as articles come, not when somebody asks.  Frozen.
ALTER TABLE report.entity_total ADD COLUMN companions_kept boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN report.entity_total.companions_kept IS
    'Whether report.companion holds who is named beside it: of what very many stories name';

CREATE TABLE report.companion (
    entity_id bigint NOT NULL,
    other_id bigint NOT NULL,
    stories bigint NOT NULL,
    articles bigint NOT NULL,
    first_published date,
    last_published date,
    CONSTRAINT pk_companion PRIMARY KEY (entity_id, other_id)
);
-- who is named beside it most
CREATE INDEX ix_companion_entity_id_stories ON report.companion (entity_id, stories DESC);
COMMENT ON TABLE report.companion IS
    'Who and what is named beside what very many stories name; the view co_mention shows it, and counts the others';
COMMENT ON COLUMN report.companion.entity_id IS 'What very many stories name: report.entity';
COMMENT ON COLUMN report.companion.other_id IS 'Who or what the same articles name: report.entity';
COMMENT ON COLUMN report.companion.stories IS 'Stories that name both: copies of a text count once';
COMMENT ON COLUMN report.companion.articles IS 'Articles that name both, copies included';
COMMENT ON COLUMN report.companion.first_published IS 'Day of the first dated one';
COMMENT ON COLUMN report.companion.last_published IS 'Day of the last dated one';

CREATE OR REPLACE VIEW report.co_mention AS
SELECT c.entity_id, c.other_id, c.stories, c.articles, c.first_published, c.last_published
FROM report.companion AS c
UNION ALL
SELECT
    a.entity_id,
    b.entity_id,
    count(DISTINCT a.story_id),
    count(*),
    min(a.day),
    max(a.day)
FROM report.entity_total AS t
JOIN report.appearance AS a ON a.entity_id = t.entity_id
JOIN report.appearance AS b ON b.extraction_id = a.extraction_id AND b.entity_id <> a.entity_id
WHERE NOT t.companions_kept
GROUP BY a.entity_id, b.entity_id;
