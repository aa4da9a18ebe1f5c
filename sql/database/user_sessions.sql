-- The specification's user_sessions table in DuckDB's dialect.
-- Grain: one interaction. DuckDB has no SERIAL: a sequence feeds id. The specification's inline
-- INDEX clauses are MySQL's; here they are statements.
-- PostgreSQL's FLOAT has eight bytes, DuckDB's only four: hence double.
create sequence if not exists user_sessions_id;

create table if not exists user_sessions (
    id integer primary key default nextval('user_sessions_id'),
    phone_number varchar(20) not null,
    session_id varchar(100) not null,
    module_name varchar(50) not null,
    interaction_type varchar(20) not null,
    user_input text,
    ai_response text,
    timestamp timestamp default current_localtimestamp(),
    session_duration double
);

create index if not exists idx_phone_timestamp on user_sessions (phone_number, timestamp);

create index if not exists idx_session_id on user_sessions (session_id);
