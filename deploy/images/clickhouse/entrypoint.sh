#!/bin/bash
# Writes the settings of the engine from CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DB as the official image reads them, and
# becomes the engine. It has no SQL access control: CREATE USER and GRANT are refused, one user with a password may do everything.
set -euo pipefail
user=${CLICKHOUSE_USER:-rcu} database=${CLICKHOUSE_DB:-default} home=/var/lib/clickhouse
for name in "$user" "$database"; do
	case "$name" in
	'' | [0-9]* | *[!A-Za-z0-9_]*)
		echo "clickhouse: $name cannot be a name: letters, digits and _ alone" >&2
		exit 2
		;;
	esac
done
if [ -z "${CLICKHOUSE_PASSWORD:-}" ]; then
	echo "clickhouse: CLICKHOUSE_PASSWORD is empty" >&2
	exit 2
fi
hash=$(printf %s "$CLICKHOUSE_PASSWORD" | sha256sum | cut -d' ' -f1)
unset CLICKHOUSE_PASSWORD
umask 077
mkdir -p "$home/data"

# The engine logs itself in as `default`, from its own machine alone; a quota gives that user the three statements of the start
# and none more.
cat >"$home/config.xml" <<XML
<clickhouse>
 <logger><level>none</level></logger>
 <timezone>UTC</timezone>
 <tmp_path>$home/data/tmp/</tmp_path>
 <user_files_path>$home/data/user_files/</user_files_path>
 <format_schema_path>$home/data/format_schemas/</format_schema_path>
 <max_server_memory_usage_to_ram_ratio>0.6</max_server_memory_usage_to_ram_ratio>
 <mark_cache_size>268435456</mark_cache_size>
 <user_directories><users_xml><path>$home/config.xml</path></users_xml></user_directories>
 <profiles><default><async_insert>0</async_insert><log_queries>0</log_queries></default></profiles>
 <quotas>
  <default/>
  <engine><interval><duration>2147483647</duration><queries>3</queries></interval></engine>
 </quotas>
 <users>
  <default>
   <password></password><networks><ip>127.0.0.1</ip><ip>::1</ip></networks><profile>default</profile><quota>engine</quota>
   <grants>
    <query>GRANT CREATE DATABASE ON $database.*</query><query>GRANT SYSTEM LISTEN ON *.*</query><query>GRANT SELECT ON system.one</query>
   </grants>
  </default>
  <$user>
   <password_sha256_hex>$hash</password_sha256_hex><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
   <grants><query>GRANT ALL ON *.*</query></grants>
  </$user>
 </users>
</clickhouse>
XML

statements="CREATE DATABASE IF NOT EXISTS $database; SYSTEM START LISTEN HTTP; SELECT sleepEachRow(3600) FROM numbers(1000000)"
statements+=" SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=0 FORMAT Null"
cat >"$home/engine.json" <<JSON
{"library": "/usr/lib/libchdb.so",
 "args": ["clickhouse", "--config-file=$home/config.xml", "--path=$home/data", "--listen_host=0.0.0.0", "--http_port=8123",
          "--multiquery", "--query=$statements"]}
JSON
exec rcuchild clickhouse "$home/engine.json"
