-- The specification's module_usage table in DuckDB's dialect.
-- Grain: one caller and module, which the unique constraint keeps. The view module_usage
-- derives the same from the logs.
-- PostgreSQL's FLOAT has eight bytes, DuckDB's only four: hence double.
create sequence if not exists module_usage_id;

create table if not exists module_usage (
    id integer primary key default nextval('module_usage_id'),
    phone_number varchar(20) not null,
    module_name varchar(50) not null,
    usage_count integer default 1,
    total_duration double default 0,
    last_used timestamp default current_localtimestamp(),
    constraint unique_user_module unique (phone_number, module_name)
);
