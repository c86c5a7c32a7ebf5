-- A row that a cursor stands on, changed after one became somebody else. AC-07 MD-03
\getenv tests PG_ABS_SRCDIR
\set prelude :tests /breach.psql
\i :prelude

-- usual: the cursor knows its row, and the policy believes the variable again
set local breach.tenant = :us;
declare twin cursor for select note from breach.twin for update;
fetch twin;
update breach.twin set note = 'taken' where current of twin returning note;
close twin;
set local breach.tenant = :de;
-- ours: the row is looked at again, by whoever is there then
set local session authorization breach_us;
declare secret cursor for select note from breach.secret for update;
fetch secret;
declare plain cursor for select note from breach.secret;
fetch plain;
set local session authorization breach_de;
update breach.secret set note = 'taken' where current of secret returning note;
update breach.secret set note = 'taken' where current of plain returning note;
delete from breach.secret where current of secret returning note;
fetch secret;
-- one login, two companies: the cursor is of the one, the right to write in the other
reset session authorization;
create role breach_both login;
select from mandant.bind_login('breach_both', 'de', 'group_admin');
select from mandant.grant_role('breach_both', 'reader', 'us');
set local session authorization breach_both;
set local mandant.tenant = 'us';
declare two cursor for select note from breach.secret;
fetch two;
update breach.secret set note = 'taken' where current of two returning note;
set local mandant.tenant = 'de';
update breach.secret set note = 'taken' where current of two returning note;
set local mandant.tenant = '*';
update breach.secret set tenant_id = :de where current of two returning note;
delete from breach.secret where current of two returning note;
-- in a loop over a cursor of a function that sees itself differently
create function breach.loop() returns text language plpgsql security definer as $$
declare
  row cursor for select * from breach.secret for update;
begin
  for found in row loop
    perform set_config('mandant.tenant', 'de', true);
    update breach.secret set note = note || '!' where current of row;
  end loop;
  return (select string_agg(note, ', ' order by note) from breach.secret);
end
$$;
select breach.loop();
-- legitimate use
reset mandant.tenant;
declare own cursor for select note from breach.secret for update;
fetch own;
update breach.secret set note = 'changed by de' where current of own returning note;
set local session authorization breach_us;
select note from breach.secret;
rollback;
