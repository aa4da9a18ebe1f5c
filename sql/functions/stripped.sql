-- A text without the spaces around it, of every kind that Unicode has. Tabs and line breaks stay.
create or replace macro stripped(content) as
regexp_replace(
    content,
    '^[ \x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]+'
    || '|[ \x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]+\z', '', 'g'
);
