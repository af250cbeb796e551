-- What a place-name stands for across articles, where the articles agree.  Frozen.
CREATE VIEW public.place AS
SELECT DISTINCT ON (c.entity_id)
    c.entity_id,
    CASE WHEN c.articles >= 0.75 * c.total THEN c.reference_place_id END AS reference_place_id,
    CASE WHEN c.in_country >= 0.75 * c.total THEN c.country_code END AS country_code,
    CASE WHEN c.articles >= 0.75 * c.total THEN c.latitude END AS latitude,
    CASE WHEN c.articles >= 0.75 * c.total THEN c.longitude END AS longitude,
    c.articles,
    c.total
FROM (
    SELECT
        i.entity_id,
        p.reference_place_id,
        p.country_code,
        p.latitude,
        p.longitude,
        count(*) AS articles,
        sum(count(*)) OVER (PARTITION BY i.entity_id, p.country_code) AS in_country,
        sum(count(*)) OVER (PARTITION BY i.entity_id) AS total
    FROM public.article_place AS p
    JOIN public.identity AS i USING (extraction_id, n)
    GROUP BY i.entity_id, p.reference_place_id, p.country_code, p.latitude, p.longitude
) AS c
ORDER BY c.entity_id, c.articles DESC, c.reference_place_id COLLATE "C" NULLS LAST, c.country_code COLLATE "C";

COMMENT ON VIEW public.place IS
    'Places across articles; of a name that several places bear only what three articles in four agree on';
COMMENT ON COLUMN public.place.entity_id IS 'The place';
COMMENT ON COLUMN public.place.reference_place_id IS 'Which place it is; NULL where the articles do not agree';
COMMENT ON COLUMN public.place.country_code IS 'ISO 3166-1 alpha-2; NULL where open';
COMMENT ON COLUMN public.place.latitude IS 'Degrees north, WGS 84';
COMMENT ON COLUMN public.place.longitude IS 'Degrees east, WGS 84';
COMMENT ON COLUMN public.place.articles IS 'In how many articles it was decided so';
COMMENT ON COLUMN public.place.total IS 'In how many articles it was decided at all';
