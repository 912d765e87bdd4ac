#!/bin/bash
# Writes server.properties from the KAFKA_ variables as the official image does (KAFKA_LOG_DIRS -> log.dirs, `__` stands for `_`,
# `___` for `-`), formats an empty log folder, and becomes the broker.
set -euo pipefail
config=/opt/kafka/config/server.properties
java=(java "-Dlog4j2.configurationFile=/opt/kafka/log4j2.yaml" -cp "/opt/kafka/libs/*")

# Variables of the launcher, no settings of the broker.
launcher=" KAFKA_HEAP_OPTS KAFKA_JVM_PERFORMANCE_OPTS KAFKA_OPTS KAFKA_LOG4J_OPTS KAFKA_GC_LOG_OPTS KAFKA_VERSION "

: "${KAFKA_NODE_ID:=1}" "${KAFKA_PROCESS_ROLES:=broker,controller}" "${KAFKA_LOG_DIRS:=/var/lib/kafka/data}"
: "${KAFKA_LISTENERS:=PLAINTEXT://:9092,CONTROLLER://:9093}" "${KAFKA_CONTROLLER_LISTENER_NAMES:=CONTROLLER}"
: "${KAFKA_CONTROLLER_QUORUM_VOTERS:=$KAFKA_NODE_ID@localhost:9093}"
export KAFKA_NODE_ID KAFKA_PROCESS_ROLES KAFKA_LOG_DIRS KAFKA_LISTENERS KAFKA_CONTROLLER_LISTENER_NAMES KAFKA_CONTROLLER_QUORUM_VOTERS

: >"$config"
for variable in $(compgen -e KAFKA_); do
	case "$launcher" in *" $variable "*) continue ;; esac
	name=${variable#KAFKA_}
	name=${name,,}
	name=${name//___/-}
	name=${name//__/$'\n'}
	name=${name//_/.}
	name=${name//$'\n'/_}
	value=${!variable}
	printf '%s=%s\n' "$name" "${value//\\/\\\\}" >>"$config"
done

if [ ! -e "${KAFKA_LOG_DIRS%%,*}/meta.properties" ]; then
	"${java[@]}" -Xmx256m kafka.tools.StorageTool format --ignore-formatted \
		--cluster-id "${CLUSTER_ID:-5L6g3nShT-eMCtK--X86sw}" --config "$config"
fi
# Options are lists of words, as for Kafka's own scripts.
# shellcheck disable=SC2086
exec "${java[@]}" ${KAFKA_HEAP_OPTS:--Xms256m -Xmx512m} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC} ${KAFKA_OPTS:-} kafka.Kafka "$config"
