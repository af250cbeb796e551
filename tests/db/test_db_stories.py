"""Stories: copies found whatever the order, regrouped when texts change, compared with what is new only."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from db.load import load_batch
from db.rows import Batch, PipelineRow
from db.stories import rebuild_stories, refresh_stories
from flows.across import TEXTS
from flows.records import DateValue, Metadata, Precision, RawFile
from flows.resolve import stories
from flows.rows import article_rows
from tests.db.articles import NEWER, PIPELINE, extract, raw_file
from tests.db.snapshot import differences, snapshot

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("story", "story_body", "story_pair", "article_story")
LETTERS = "بتثجحخدذرزسشصضطظعغفقكلمن"


def words(seed: int, count: int = 120) -> list[str]:
    rng = random.Random(seed)
    return ["".join(rng.choices(LETTERS, k=rng.randint(3, 6))) for _ in range(count)]


def changed(text: Sequence[str], seed: int, share: float = 0.03) -> list[str]:
    """The text with a share of its words changed."""
    rng = random.Random(seed)
    out = list(text)
    for place in rng.sample(range(len(out)), max(1, round(len(out) * share))):
        out[place] = "".join(rng.choices(LETTERS, k=5))
    return out


def article(title: str, body: Sequence[str], number: int, published: str | None = None) -> RawFile:
    paragraphs = [" ".join(body[i : i + 40]) + "." for i in range(0, len(body), 40)]
    return raw_file(
        "\n".join([title, "", *paragraphs]), f"/news/{number}.txt", Metadata(published=published, title=title)
    )


def put(engine: Engine, raws: Sequence[RawFile], pipeline: PipelineRow = PIPELINE) -> None:
    rows = []
    for raw in raws:
        found = extract(raw)
        day = raw.metadata.published
        published = DateValue(day, day, Precision.DAY if day else Precision.UNKNOWN)
        rows.append(article_rows(replace(found, article=replace(found.article, published=published))))
    with engine.connect() as connection:
        load_batch(connection, Batch(pipeline, None, tuple(rows)))


def refresh(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return refresh_stories(connection, TEXTS)


def groups(engine: Engine) -> list[list[tuple[str, str, float]]]:
    """Stories as lists of (file's number, kind, similarity), sorted."""
    with engine.connect() as connection:
        found = connection.execute(
            sa.text(
                "SELECT s.story_id, split_part(l.uri, '/', 3), s.kind, s.similarity FROM article_story AS s"
                " JOIN article AS a ON a.id = s.article_id JOIN location AS l USING (raw_file_id)"
            )
        ).all()
    by_story: dict[int, list[tuple[str, str, float]]] = {}
    for story, name, kind, similarity in found:
        by_story.setdefault(story, []).append((name.removesuffix(".txt"), kind, round(similarity, 2)))
    return sorted(sorted(members) for members in by_story.values())


# ------------------------------------------------------------------------------------- pure


def test_three_per_cent_of_changed_words_stay_above_the_threshold() -> None:
    for seed in range(200):
        text = words(seed, 40 + seed)
        copy = changed(text, seed)
        one, other = stories.sign([text, copy])
        assert one.hash != other.hash
        assert set(one.bands) & set(other.bands)
        assert stories.may_resemble(one.signature, other.signature)
        assert stories.similarity(stories.shingles(text), stories.shingles(copy)) >= stories.THRESHOLD


def test_texts_of_their_own_do_not_meet() -> None:
    signed = stories.sign([words(seed) for seed in range(100)])
    bands = [band for s in signed for band in s.bands]
    assert len(set(bands)) == len(bands)


def test_signatures_do_not_depend_on_what_is_signed_beside() -> None:
    texts = [words(seed, 30) for seed in range(5)]
    assert stories.sign(texts) == [stories.sign([text])[0] for text in texts]


def test_short_texts_are_compared_with_their_titles_and_word_for_word_only() -> None:
    blocks = [["title", 0, 3], ["paragraph", 4, 9]]
    assert stories.body_words("اول نصنصن", blocks) == ["اول", "نصنصن"]
    assert stories.sign([["اول", "نص"]])[0].bands == []
    long = " ".join(words(1, 30))
    assert stories.body_words(f"اول\n{long}", [["title", 0, 3], ["paragraph", 4, 4 + len(long)]]) == [
        stories.fold(word) for word in words(1, 30)
    ]
    assert stories.body_words("؟!", [["paragraph", 0, 2]]) == ["؟!"], "no two texts without words are alike"


def test_similarity_is_the_share_of_shingles_in_common() -> None:
    one = list("abcdef")
    assert stories.similarity(stories.shingles(one), stories.shingles(one)) == 1
    # abc bcd cde def / bcd cde def efg
    assert stories.similarity(stories.shingles(one), stories.shingles(list("bcdefg"))) == pytest.approx(3 / 5)
    assert stories.shingles(["a"]).size == 1


# ------------------------------------------------------------------------------------- database


def sample() -> list[RawFile]:
    """A text, its word-for-word copy with another title and two near copies; a pair; one alone."""
    return [
        article("عنوان أول", words(1), 10, "2024-01-02"),
        article("عنوان آخر", words(1), 11, "2024-01-03"),
        article("عنوان ثالث", changed(words(1), 1), 12, "2024-01-03"),
        article("عنوان رابع", changed(words(1), 2), 13, "2024-01-01"),
        article("خبر", words(2), 20),
        article("خبر", changed(words(2), 3), 21, "2023-05-05"),
        article("وحيد", words(3), 30),
    ]


def test_copies_form_stories(database: Engine) -> None:
    put(database, sample())
    done = refresh(database)
    assert done["stories_read"] == 7
    found = groups(database)
    assert [[name for name, _, _ in group] for group in found] == [
        ["10", "11", "12", "13"],
        ["20", "21"],
        ["30"],
    ]
    first = {name: (kind, similarity) for name, kind, similarity in found[0]}
    assert first["13"] == ("original", 1.0), "the first published is the original"
    assert {first[name][0] for name in ("10", "11", "12")} == {"near"}
    assert first["10"] == first["11"]
    assert 0.6 < first["12"][1] < first["10"][1] < 1
    assert {name: kind for name, kind, _ in found[1]} == {"20": "near", "21": "original"}
    with database.connect() as connection:
        counted = connection.execute(
            sa.text("SELECT articles, texts, first_published::text FROM story ORDER BY articles DESC")
        ).all()
    assert counted[0] == (4, 3, "2024-01-01")


def test_a_second_refresh_changes_nothing(database: Engine) -> None:
    put(database, sample())
    refresh(database)
    with database.connect() as connection:
        before = connection.execute(sa.text("SELECT ctid, xmin, * FROM article_story ORDER BY 3")).all()
    assert refresh(database) == {"stories_read": 0, "story": 0, "article_story": 0}
    put(database, sample())
    refresh(database)
    with database.connect() as connection:
        after = connection.execute(sa.text("SELECT ctid, xmin, * FROM article_story ORDER BY 3")).all()
    assert before == after


def test_the_order_of_articles_and_refreshes_does_not_matter(database: Engine, empty_url: str) -> None:
    from db.engine import create_engine, upgrade

    raws = [*sample(), *(article(f"t{n}", changed(words(n % 4), n, 0.05), 100 + n) for n in range(40))]
    put(database, raws)
    refresh(database)
    expected = snapshot(database, TABLES)
    upgrade(empty_url)
    other = create_engine(empty_url, poolclass=sa.NullPool)
    random.Random(1).shuffle(raws)
    for place in range(0, len(raws), 7):
        put(other, raws[place : place + 7])
        refresh(other)
    assert differences(expected, snapshot(other, TABLES)) == []
    # and what is built anew is what grew
    with other.connect() as connection:
        rebuild_stories(connection)
    refresh(other)
    assert differences(expected, snapshot(other, TABLES)) == []
    other.dispose()


def test_ids_stay_when_stories_grow_merge_and_split(database: Engine) -> None:
    bridge, one = words(1, 120), words(1, 120)
    one[:20] = words(7, 20)
    other = words(1, 120)
    other[-20:] = words(8, 20)
    put(database, [article("a", one, 1), article("b", one, 2), article("c", other, 3)])
    refresh(database)
    ids = story_ids(database)
    assert ids["1"] == ids["2"] != ids["3"]
    # a text between the two joins them; the larger group's id stays
    put(database, [article("d", bridge, 4)])
    refresh(database)
    merged = story_ids(database)
    assert set(merged.values()) == {ids["1"]}
    # the file changes: the bridge's text is held by no location any more, and the group falls apart
    put(database, [article("d", words(9), 4)])
    refresh(database)
    split = story_ids(database)
    assert split["1"] == split["2"] == ids["1"]
    assert split["3"] not in {ids["1"], ids["3"], split["4"]}, "an id that ended does not come back"
    with database.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM story")).scalar_one() == 3
        assert connection.execute(sa.text("SELECT count(*) FROM story_body")).scalar_one() == 3
        assert connection.execute(sa.text("SELECT count(*) FROM article_story")).scalar_one() == 4


def story_ids(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return dict(
            connection.execute(
                sa.text(
                    "SELECT replace(split_part(l.uri, '/', 3), '.txt', ''), s.story_id"
                    " FROM article_story AS s JOIN article AS a ON a.id = s.article_id"
                    " JOIN location AS l USING (raw_file_id)"
                )
            )
            .tuples()
            .all()
        )


def test_a_new_extraction_of_the_same_text_keeps_its_story(database: Engine) -> None:
    put(database, sample())
    refresh(database)
    ids = story_ids(database)
    put(database, sample(), pipeline=NEWER)
    assert refresh(database)["stories_read"] == 7
    assert story_ids(database) == ids
    with database.connect() as connection:
        stale = connection.execute(
            sa.text(
                "SELECT count(*) FROM article_story AS s JOIN extraction AS e ON e.id = s.extraction_id"
                " WHERE NOT e.is_current"
            )
        ).scalar_one()
    assert stale == 0


def test_a_refresh_that_fails_leaves_its_work_queued(database: Engine) -> None:
    put(database, sample())

    def broken(texts: object) -> list[object]:
        raise RuntimeError("out of order")

    with database.connect() as connection, pytest.raises(RuntimeError, match="out of order"):
        refresh_stories(connection, TEXTS._replace(sign=broken))  # type: ignore[arg-type]
    assert groups(database) == []
    refresh(database)
    assert len(groups(database)) == 3


# ------------------------------------------------------------------------------------- quality


@pytest.mark.slow
@pytest.mark.shared
def test_planted_copies_among_real_articles(database: Engine) -> None:
    """500 copies with 3 % of the words changed among 10,154 articles."""
    archive = ROOT.parent / "shared" / "news" / "ant.zip"
    if not archive.is_file():
        pytest.skip("../shared is not there")
    from flows.read.discover import discover, load
    from flows.records import Rejection

    raws = [
        raw
        for found in discover([str(archive)], settle_seconds=0, max_bytes=20_000_000)
        if not isinstance(found, Rejection)
        and not isinstance(raw := load(found, max_bytes=20_000_000), Rejection)
    ]
    rng = random.Random(3)
    pool = sorted({word for raw in raws[:2_000] for word in raw.data.decode().split()})
    planted: dict[str, str] = {}
    for raw in rng.sample(raws, 500):
        lines = [line.split() for line in raw.data.decode().splitlines()]
        places = [(i, j) for i, line in enumerate(lines) for j in range(len(line))]
        for i, j in rng.sample(places, max(1, round(len(places) * 0.03))):
            lines[i][j] = rng.choice(pool)
        copy = raw_file("\n".join(" ".join(line) for line in lines), f"/planted/{raw.name}.txt", raw.metadata)
        planted[copy.uri] = raw.uri
        raws.append(copy)
    rng.shuffle(raws)
    for place in range(0, len(raws), 500):
        rows = tuple(article_rows(extract(raw)) for raw in raws[place : place + 500])
        with database.connect() as connection:
            load_batch(connection, Batch(PIPELINE, None, rows))
    refresh(database)
    with database.connect() as connection:
        # the archive holds some files twice: one article under two names
        articles = dict(
            connection.execute(
                sa.text("SELECT l.uri, a.id FROM location AS l JOIN article AS a USING (raw_file_id)")
            )
            .tuples()
            .all()
        )
        story = dict(
            connection.execute(sa.text("SELECT article_id, story_id FROM article_story")).tuples().all()
        )
        pairs = connection.execute(
            sa.text(
                "SELECT m.article_id, n.article_id FROM article_story AS m JOIN article_story AS n"
                " ON n.story_id = m.story_id AND n.article_id <> m.article_id"
            )
        ).all()
    origins = {articles[copy]: articles[origin] for copy, origin in planted.items()}
    recall = sum(story[copy] == story[origin] for copy, origin in origins.items()) / len(origins)
    # what a planted copy stands beside must be its origin or what stands beside the origin without it
    without = {(one, other) for one, other in pairs if one not in origins and other not in origins}
    beside = [(one, other) for one, other in pairs if one in origins and other not in origins]
    right = sum(other == origins[one] or (origins[one], other) in without for one, other in beside)
    precision = right / len(beside)
    print(f"planted copies: recall {recall:.4f}, precision {precision:.4f}; other pairs {len(without) // 2}")
    assert recall >= 0.99
    assert precision >= 0.99


def test_no_two_derivations_wait_for_each_other_by_mistake() -> None:
    """Advisory locks have one number space a database: the one of stories was that of reports once."""
    from db import identity, occurrences, reading, reference, reports, stories

    locks = [identity.ADVISORY_LOCK, occurrences.LOCK, stories.LOCK, reports.ADVISORY_LOCK]
    locks += [reading._LOCK, reading._LOCK + 1, reference._LOCK]
    assert len(set(locks)) == len(locks)
