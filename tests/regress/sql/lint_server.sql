-- The server: the values judged are an argument, so another server's are judged here; and this one is as it should be.
\pset footer off
\pset null (null)
set client_min_messages = error;
select rule, object from mandant_internal.server_finding(mandant_internal.server_setting()) where rule <> 'trust_local';

prepare judged (jsonb) as
  select f.rule, r.level, f.object, f.reason, f.fix
  from mandant_internal.server_finding(mandant_internal.server_setting() || $1) f join mandant_internal.lint_rule r on r.rule = f.rule
  where f.rule <> 'trust_local' or $1 ? 'hba' order by 1, 3;

-- not_preloaded
execute judged ('{"shared_preload_libraries": ""}');
execute judged ('{"shared_preload_libraries": "auto_explain, pg_mandantes"}');
execute judged ('{"shared_preload_libraries": "auto_explain, \"pg_mandant\""}');
-- old_minor: the floor of each major version, and the versions below and above
select v.number, f.rule, f.reason
  from (values (150017), (150018), (160013), (160014), (170000), (170010), (180003), (180004), (190000)) as v (number),
       lateral (select mandant_internal.server_setting() || jsonb_build_object('server_version_num', v.number::text,
                  'server_version', format('%s.%s', v.number / 10000, v.number % 10000)) as server) s
  left join lateral mandant_internal.server_finding(s.server) f on f.rule = 'old_minor' order by 1;
execute judged ('{"server_version_num": "150017", "server_version": "15.17 (Debian 15.17-1)"}');
-- extension_behind
execute judged ('{"extension": "0.0.9", "library": "0.1.0"}');
-- password_md5
execute judged ('{"password_encryption": "md5"}');
-- tls_off: on the network only
execute judged ('{"ssl": "off", "listen_addresses": "localhost, 127.0.0.1"}');
execute judged ('{"ssl": "off", "listen_addresses": "localhost,*"}');
execute judged ('{"ssl": "on", "listen_addresses": "*"}');
-- trust_from_network, trust_local
execute judged ('{"hba": [
  {"line": 1, "type": "local", "method": "trust"},
  {"line": 2, "type": "host", "address": "127.0.0.1", "method": "trust"},
  {"line": 3, "type": "hostssl", "address": "10.0.0.0", "method": "trust"},
  {"line": 4, "type": "host", "address": "all", "method": "trust"},
  {"line": 5, "type": "host", "address": "all", "method": "scram-sha-256"}]}');
-- who may not read it is not told of it
select count(*) from mandant_internal.server_finding('{"hba": null}');
-- log_of_parameters
execute judged ('{"log_statement": "all", "log_min_duration_statement": "0", "log_min_duration_sample": "100",
  "log_parameter_max_length": "-1", "log_parameter_max_length_on_error": "64", "debug_print_plan": "on"}');
execute judged ('{"log_statement": "ddl", "log_min_duration_statement": "100", "log_parameter_max_length": "0"}');
-- server_setting
execute judged ('{"session_replication_role": "replica", "row_security": "off", "lo_compat_privileges": "on",
  "allow_system_table_mods": "on"}');
-- statements_tracked
execute judged ('{"shared_preload_libraries": "pg_stat_statements, pg_mandant"}');
