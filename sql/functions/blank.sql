-- Whether a text is NULL, empty or only spaces, of every kind that Unicode has.
create or replace macro blank(content) as
content is null or not regexp_matches(content, '[^ \x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]');
