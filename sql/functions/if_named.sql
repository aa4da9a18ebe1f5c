-- An amount, if its name is in a comma-separated list of names; else NULL.
create or replace macro if_named(name, names, amount) as
case when contains(',' || replace(names, ' ', '') || ',', ',' || name || ',') then amount end;
