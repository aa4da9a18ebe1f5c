-- A text with the letters A to Z in lower case. Other letters stay: engines disagree about them.
create or replace macro lower_ascii(content) as
translate(content, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz');
