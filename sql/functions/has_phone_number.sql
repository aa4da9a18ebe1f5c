-- Whether a text holds what looks like a phone number, however it is grouped.
-- International with a plus; a Rwandan mobile, with or without its 0, 250 or 00250; any other number of nine or ten
-- digits with a leading 0. Other runs of digits are ids, sums and counting lessons; a fraction is no number to call.
create or replace macro has_phone_number(content) as
regexp_matches(
    content,
    '\+\d([ ()./-]{0,2}\d){8,14}(\D|$)'
    || '|(^|[^\w.])(00|0)?(250[ ()./-]{0,2})?7[2389]([ ()./-]{0,2}\d){7}(\W|$)'
    || '|(^|[^\w.])0\d{2,3}[ ()./-]{0,2}\d{3}[ ()./-]{0,2}\d{3,4}(\W|$)'
);
