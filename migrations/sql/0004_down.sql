-- Everything that 0004_triggers.sql made; triggers on the tables of 0004 went with them.
DROP FUNCTION story_queue_extraction, story_queue_location, spans_inside_text, extraction_text_stays CASCADE;
DROP FUNCTION occurrence_queue_new, occurrence_queue_old, occurrence_queue_story,
    occurrence_queue_identity CASCADE;
