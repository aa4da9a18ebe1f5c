-- An error message without what differs from turn to turn or could identify the caller.
-- Quoted text becomes '…', even with apostrophes in its words; confirmed names, e-mail addresses, ids, phone numbers in
-- any spelling and numbers of four digits or more become '#'. Status codes and seconds stay: they distinguish errors.
create or replace macro normalized_error(message) as
regexp_replace(
    without_ids(without_ids(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    stripped(message),
                    '(^|[^0-9A-Za-z_])("[^"]*"|''(?:[^'']|''[0-9A-Za-z_])*''|“[^”]*”)', '\1…', 'g'
                ),
                '\[NAME_CONFIRMED:[^\]]*\]?|[^\t\n\f\r ]+@[^\t\n\f\r ]+|\+\(?[0-9][0-9\t\n\f\r ().-]{5,}[0-9]', '#', 'g'
            ),
            -- A phone number in groups, the first of which is too short for an id.
            '(^|[^0-9A-Za-z_-])\(?[0-9]{1,7}[\t\n\f\r ().-][0-9\t\n\f\r ().-]{4,}[0-9]', '\1#', 'g'
        )
    )),
    '\(?[0-9][0-9\t\n\f\r ().-]{5,}[0-9]|\+?[0-9]{4,}', '#', 'g'
);
