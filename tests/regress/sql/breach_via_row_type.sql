-- Whole rows and functions written like columns, handed to code that tells. AC-07
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: a view without a barrier, and a function that takes its row
reset session authorization;
alter table breach.twin disable row level security;
create view breach.twins as select * from breach.twin where tenant_id::text = current_setting('breach.tenant');
grant select on breach.twins to mandant_user;
set local session authorization breach_de;
set local search_path = breach, pg_catalog;
create function breach.tell(record) returns boolean language plpgsql cost 0.0001 as $$ begin raise notice 'told: %', $1.note; return true; end $$;
create function breach.told(breach.twins) returns boolean language plpgsql cost 0.0001 as $$ begin raise notice 'told: %', $1.note; return true; end $$;
select note from breach.twins t where t.told;
-- ours: a row is handed over after it passed
create function breach.told(breach.secret) returns boolean language plpgsql cost 0.0001 as $$ begin raise notice 'told: %', $1.note; return true; end $$;
select note from breach.secret s where s.told;
select note from breach.secret s where breach.tell(s);
select note from breach.secret s where (s).told is not null;
select count(*) from breach.secret s where s is distinct from row(1, null, null, null)::breach.secret and s.told;
select s.note from breach.secret s join breach.secret o on breach.tell(o) and o = s;
select count(*) from breach.secret s where s::text ~ 'of us' or to_jsonb(s)::text ~ 'of us' or hash_record(s) is null;
select (array_agg(s))[1].note, (array_agg(s))[2].note, count(s) from breach.secret s;
select row_to_json(s) ->> 'note' as note from breach.secret s;
select (json_populate_recordset(null::breach.secret, json_agg(s))).note from breach.secret s;
select (x).note from (select s as x from breach.secret s offset 0) y;
-- the views of the menu
create function breach.told(mandant.tenant) returns boolean language plpgsql cost 0.0001 as $$ begin raise notice 'told: %', $1.code; return true; end $$;
create function breach.told(mandant.issued_number) returns boolean language plpgsql cost 0.0001 as $$ begin if $1.number !~ '^RE|^AN|^AB|^LS|^GU|^ZA' then raise notice 'told: %', $1.number; end if; return true; end $$;
create function breach.told(mandant.principal) returns boolean language plpgsql cost 0.0001 as $$ begin if $1.name !~ '^((sales|rep|lead)@de.example|report_de|breach_de|twice_de \(unbound .*)$' then raise notice 'told: %', $1.name; end if; return true; end $$;
create function breach.told(mandant.access_grant) returns boolean language plpgsql cost 0.0001 as $$ begin if $1.principal !~ '^((sales|rep|lead)@de.example|report_de|breach_de|twice_de \(unbound .*)$' then raise notice 'told: %', $1.principal; end if; return true; end $$;
create function breach.told(mandant.series) returns boolean language plpgsql cost 0.0001 as $$ begin if $1.pattern !~ '^(RE|AN|AB|LS|GU|ZA)-' then raise notice 'told: %', $1.pattern; end if; return true; end $$;
select code from mandant.tenant t where t.told;
select count(*) > 0 as some from mandant.issued_number t where t.told;
select count(*) > 0 as some from mandant.principal t where t.told;
select count(*) > 0 as some from mandant.access_grant t where t.told;
select count(*) > 0 as some from mandant.series t where t.told;
-- legitimate use
create function breach.title(breach.secret) returns text language sql immutable as $$ select upper($1.note) $$;
select s.title from breach.secret s;
rollback;
