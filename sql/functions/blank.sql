-- Whether a text is NULL, empty or only spaces.
create or replace macro blank(content) as
content is null or not regexp_matches(content, '[^ ]');
