-- Every rule of a table that employees write says in words what it wants: that is what they are told
-- who break it. Documents are written by functions, which refuse in words of their own.

select c.conrelid::regclass as "table", c.conname as rule
from pg_constraint as c
where c.contype = 'c' and c.connamespace = 'crm'::regnamespace
  and c.conrelid not in ('crm.document'::regclass, 'crm.document_line'::regclass)
  and exists (select from mandant_internal.protected_table as p where p.relation = c.conrelid)
  and has_any_column_privilege('mandant_user', c.conrelid, 'insert')
  and obj_description(c.oid, 'pg_constraint') is null
order by 1, 2;

-- in a line, naming columns as they are
select c.conname as rule, obj_description(c.oid, 'pg_constraint') as words
from pg_constraint as c
where c.connamespace = 'crm'::regnamespace and length(obj_description(c.oid, 'pg_constraint')) > 80
order by 1;
