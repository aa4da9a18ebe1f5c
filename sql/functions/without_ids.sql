-- A text with '#' for each id: a word of eight hexadecimal digits or more, with Twilio's or OpenAI's prefix or without.
-- Two ids share the character between them, so that only every other one is found: call it twice.
create or replace macro without_ids(content) as
regexp_replace(
    content,
    '(^|[^0-9A-Za-z_])(CA|SM|req[-_])?[0-9a-f]{8,}(-[0-9a-f]{4,})*([^0-9A-Za-z_]|\z)', '\1#\4', 'g'
);
