-- What an application would keep its audit log in, with an index for each common question.
create table events (
    tenant text not null,
    id uuid not null,
    recorded_at timestamptz not null,
    occurred_at timestamptz not null,
    type text not null,
    operation text not null,
    severity text not null,
    outcome text not null,
    actor_id text,
    subject_id text,
    document jsonb not null,
    words tsvector not null,
    primary key (tenant, id, recorded_at)
) partition by range (recorded_at);

create index on events (tenant, recorded_at desc, id desc);
create index on events (tenant, actor_id, recorded_at desc, id desc);
create index on events (tenant, subject_id, recorded_at desc, id desc);
create index on events (tenant, type, recorded_at desc, id desc);
create index on events using gin (words);
create index on events using gin (document jsonb_path_ops);
