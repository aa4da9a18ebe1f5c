-- Whether a text holds an e-mail address.
create or replace macro has_email_address(content) as
contains(content, '@') and regexp_matches(content, '[^\s@]@[^\s@.]+(\.[^\s@.]+)*\.\pL{2}');
