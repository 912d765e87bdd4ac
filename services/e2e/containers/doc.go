// Package containers holds the suites that run on servers in containers: those of the packages that speak to Kafka, Redis and
// ClickHouse, the services against all three, and the whole of docker-compose.yml.
//
// Invariants:
//   - They belong to the long tier. Without an engine that answers they skip, or fail where RCU_TEST_REQUIRE names docker.
//   - Images come from the variables of docker-compose.yml, with the official images as defaults; `scripts/docker env` prints those of
//     a site without an image registry.
//   - Every container and volume ends with its test.
package containers
