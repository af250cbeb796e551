-- Names: keys of spelling and sound.  Frozen.

CREATE FUNCTION report.name_key(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT replace(replace(report.word_letters_only(report.fold(name)), ' ', ''), 'ال', '')
$$;
COMMENT ON FUNCTION report.name_key(text) IS
    'A name''s folded letters without blanks, punctuation and ال: عبد اللطيف الحموشي and عبداللطيف حموشي are one';

-- Vowels and what Latin spelling of Arabic leaves open go; what is left is one alphabet for both scripts, in
-- which c stands for ش, sh and the French ch.
CREATE FUNCTION report.skeleton(name text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    t text := report.fold(name);
BEGIN
    t := regexp_replace(report.word_letters_only(t), ' +', ' ', 'g');
    t := regexp_replace(t, '(^| )(عبد|abd) ?(ال|al|el|ul|as|es|ad|ar|er|an|en)? ?', '\1عبد', 'g');
    t := regexp_replace(t, '(^| )(al|el|ul|as|es|ad|ed|ar|er|an|en|ash|esh|ach|ech) ', '\1', 'g');
    t := regexp_replace(t, '(^| )ال', '\1', 'g');
    t := regexp_replace(t, '([a-z])x( |$)', '\1\2', 'g');
    t := regexp_replace(t, 'c([eiy])', 's\1', 'g');
    t := regexp_replace(t, 'g([eiy])', 'j\1', 'g');
    t := regexp_replace(t, 'tch|sch|sh|ch', 'ش', 'g');
    t := replace(replace(replace(replace(t, 'kh', 'k'), 'gh', 'g'), 'ph', 'f'), 'x', 'ks');
    t := replace(replace(t, 'th', 't'), 'dh', 'd');
    t := translate(
        t,
        'cqvp' || 'ثتطجخدذضرزظسصشغفقكلمنب',
        'kkfb' || 'tttjkdddrzzsscgfkklmnb');
    t := regexp_replace(t, '[^bcdfgjklmnrstz ]', '', 'g');
    t := btrim(regexp_replace(regexp_replace(t, '([^ ])\1+', '\1', 'g'), ' +', ' ', 'g'));
    RETURN CASE WHEN t = '' THEN '{}' ELSE string_to_array(t, ' ') END;
END
$$;
COMMENT ON FUNCTION report.skeleton(text) IS
    'The consonants of a name''s words in one alphabet for Arabic and Latin letters: حموشي and Hammouchi are both mc';
