-- Whether a text has an e-mail address.
create or replace macro has_email_address(content) as
contains(content, '@')
and regexp_matches(content, '[^\t\n\f\r @]@[^\t\n\f\r @.]+(\.[^\t\n\f\r @.]+)*\.\pL{2}');
