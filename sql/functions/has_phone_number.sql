-- Whether a text has what looks like a phone number, however it is grouped.
-- International with a plus; a Rwandan mobile, with or without its 0, 250 or 00250; any other number of nine or ten
-- digits with a leading 0. Other runs of digits are ids, sums and counting lessons; a fraction is not a phone number.
create or replace macro has_phone_number(content) as
regexp_matches(
    content,
    '\+[0-9]([ ()./-]{0,2}[0-9]){8,14}([^0-9]|\z)'
    || '|(^|[^0-9A-Za-z_.])(00|0)?(250[ ()./-]{0,2})?7[2389]([ ()./-]{0,2}[0-9]){7}([^0-9A-Za-z_]|\z)'
    || '|(^|[^0-9A-Za-z_.])0[0-9]{2,3}[ ()./-]{0,2}[0-9]{3}[ ()./-]{0,2}[0-9]{3,4}([^0-9A-Za-z_]|\z)'
);
