// Package testkit gives tests real servers: each function returns the address of one that answers, or skips the test
// with a line that says what is missing.
//
// The order is always the same: the address in RCU_TEST_REDIS, RCU_TEST_KAFKA or RCU_TEST_CLICKHOUSE; else an
// embedded server; else a skip. A skip of a backend that RCU_TEST_REQUIRE names (a comma-separated list of redis,
// kafka, apache-kafka, clickhouse, data, docker) is a failure. Apache Kafka itself stands beside the embedded broker:
// RCU_TEST_APACHE_KAFKA, else a node of scripts/kafka.
//
// Invariants:
//   - An embedded server and its folder end with the test that asked for it (the shared ClickHouse engine: with the
//     test binary).
//   - Two tests never see each other's data: a fresh server, or a database or name of their own.
package testkit
