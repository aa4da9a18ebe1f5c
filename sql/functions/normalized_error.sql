-- An error message without what differs from turn to turn or could tell who called.
-- Quoted text becomes '…', apostrophes in its words and all; confirmed names, e-mail addresses, ids, phone numbers in
-- any spelling and numbers of four digits or more become '#'. Status codes and seconds stay: they tell errors apart.
create or replace macro normalized_error(message) as
regexp_replace(
    regexp_replace(trim(message), '(^|\W)("[^"]*"|''(?:[^'']|''\w)*''|“[^”]*”)', '\1…', 'g'),
    '\[NAME_CONFIRMED:[^\]]*\]?|\S+@\S+'
    || '|\b(CA|SM|req[-_])?[0-9a-f]{8,}(-[0-9a-f]{4,})*\b|\+?\(?\d[\d\s().-]{5,}\d|\+?\d{4,}', '#', 'g'
);
