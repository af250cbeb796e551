-- As revision 0007 has it.
CREATE OR REPLACE FUNCTION report.byte_range(asked_extraction bigint, first_letter integer, behind_letter integer)
RETURNS int4range
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    file bytea;
    codec text;
    skip integer := 0;
    width integer := 1;
    at integer;
    place integer := 0;
    byte integer;
    more integer;
    valid boolean;
    low integer;
    high integer;
    first_byte integer;
BEGIN
    SELECT r.data, e.encoding INTO file, codec
    FROM public.extraction AS e
    JOIN public.article AS a ON a.id = e.article_id
    JOIN public.raw_file AS r ON r.id = a.raw_file_id
    WHERE e.id = asked_extraction;
    IF file IS NULL OR codec LIKE '% < %' THEN
        RETURN NULL;
    END IF;
    IF codec = 'utf-8-sig' THEN
        codec := 'utf-8';
        skip := CASE WHEN substr(file, 1, 3) = '\xefbbbf' THEN 3 ELSE 0 END;
    ELSIF codec = 'utf-16' THEN
        codec := CASE WHEN substr(file, 1, 2) = '\xfeff' THEN 'utf-16-be' ELSE 'utf-16-le' END;
        skip := 2;
    ELSIF codec = 'utf-32' THEN
        skip := 4;
    END IF;
    IF codec LIKE 'utf-32%' THEN
        RETURN int4range(skip + 4 * first_letter, skip + 4 * behind_letter);
    ELSIF codec NOT LIKE 'utf-%' THEN
        RETURN int4range(first_letter, behind_letter);
    END IF;
    at := skip;
    WHILE at < length(file) LOOP
        IF place = first_letter THEN
            first_byte := at;
        END IF;
        EXIT WHEN place = behind_letter;
        IF codec = 'utf-8' THEN
            -- an invalid byte is one character
            byte := get_byte(file, at);
            low := 128;
            high := 191;
            more := 0;
            IF byte BETWEEN 194 AND 223 THEN
                more := 1;
            ELSIF byte BETWEEN 224 AND 239 THEN
                more := 2;
                IF byte = 224 THEN low := 160; ELSIF byte = 237 THEN high := 159; END IF;
            ELSIF byte BETWEEN 240 AND 244 THEN
                more := 3;
                IF byte = 240 THEN low := 144; ELSIF byte = 244 THEN high := 143; END IF;
            END IF;
            valid := at + more < length(file);
            FOR i IN 1 .. more LOOP
                EXIT WHEN NOT valid;
                valid := get_byte(file, at + i) BETWEEN low AND high;
                low := 128;
                high := 191;
            END LOOP;
            at := at + 1 + CASE WHEN valid THEN more ELSE 0 END;
        ELSE
            -- a high surrogate with a low one behind it is one character
            byte := get_byte(file, at + CASE codec WHEN 'utf-16-be' THEN 0 ELSE 1 END);
            IF byte BETWEEN 216 AND 219 AND at + 3 < length(file)
                AND get_byte(file, at + CASE codec WHEN 'utf-16-be' THEN 2 ELSE 3 END) BETWEEN 220 AND 223
            THEN
                at := at + 4;
            ELSE
                at := at + 2;
            END IF;
        END IF;
        place := place + 1;
    END LOOP;
    IF place = first_letter THEN
        first_byte := at;
    END IF;
    RETURN int4range(first_byte, at);
END
$$;
COMMENT ON COLUMN report.freshness.refreshed_at IS 'When the reports were brought up to date last';
COMMENT ON COLUMN report.freshness.seconds IS 'How long that took';
