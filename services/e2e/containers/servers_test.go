package containers

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"rcu/pkg/testkit"
)

// patience is how long a server may take to its first answer on a busy machine, its image fetched.
const patience = 5 * time.Minute

// engine ends the test where no engine of containers answers.
func engine(t *testing.T) {
	t.Helper()
	testkit.Long(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	p, err := testcontainers.NewDockerProvider()
	if err == nil {
		err = p.Health(ctx)
	}
	if err != nil {
		testkit.Missing(t, testkit.BackendDocker, err.Error())
	}
}

// image is that of a variable of docker-compose.yml, or the official one.
func image(variable, official string) string {
	if given := os.Getenv(variable); given != "" {
		return given
	}
	return official
}

func kafkaImage() string      { return image("KAFKA_IMAGE", "apache/kafka:4.3.0") }
func redisImage() string      { return image("REDIS_IMAGE", "redis:8") }
func clickHouseImage() string { return image("CLICKHOUSE_IMAGE", "clickhouse/clickhouse-server:26.7") }

func run(t *testing.T, req testcontainers.ContainerRequest) testcontainers.Container {
	t.Helper()
	c, err := testcontainers.GenericContainer(t.Context(), testcontainers.GenericContainerRequest{ContainerRequest: req, Started: true})
	testcontainers.CleanupContainer(t, c)
	require.NoError(t, err)
	t.Logf("testkit: backend=%s from=%s", testkit.BackendDocker, req.Image)
	return c
}

// startKafka runs a broker that is reached on the same port from inside and outside, since it tells its clients where it is.
func startKafka(t *testing.T) string {
	t.Helper()
	port := testkit.FreePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	run(t, testcontainers.ContainerRequest{
		Image: kafkaImage(),
		Env: map[string]string{
			"KAFKA_NODE_ID": "1", "KAFKA_PROCESS_ROLES": "broker,controller", "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
			"KAFKA_LISTENERS":                                fmt.Sprintf("PLAINTEXT://:%d,CONTROLLER://127.0.0.1:9093", port),
			"KAFKA_ADVERTISED_LISTENERS":                     "PLAINTEXT://" + address,
			"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP":           "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
			"KAFKA_CONTROLLER_QUORUM_VOTERS":                 "1@127.0.0.1:9093",
			"KAFKA_INTER_BROKER_LISTENER_NAME":               "PLAINTEXT",
			"KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR":         "1",
			"KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS":             "4",
			"KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
			"KAFKA_TRANSACTION_STATE_LOG_MIN_ISR":            "1",
			"KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS":         "0",
			"KAFKA_AUTO_CREATE_TOPICS_ENABLE":                "false",
			"KAFKA_LOG_DIRS":                                 "/var/lib/kafka/data",
		},
		ExposedPorts: []string{fmt.Sprintf("%d/tcp", port)},
		HostConfigModifier: func(c *container.HostConfig) {
			c.PortBindings = network.PortMap{network.MustParsePort(fmt.Sprintf("%d/tcp", port)): {{HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: strconv.Itoa(port)}}}
		},
		WaitingFor: wait.ForLog("Kafka Server started").WithStartupTimeout(patience),
	})
	return address
}

func startRedis(t *testing.T) string {
	t.Helper()
	c := run(t, testcontainers.ContainerRequest{
		Image:        redisImage(),
		Cmd:          []string{"redis-server", "--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction"},
		ExposedPorts: []string{"6379/tcp"},
		WaitingFor:   wait.ForListeningPort("6379/tcp").WithStartupTimeout(patience),
	})
	address, err := c.PortEndpoint(t.Context(), "6379/tcp", "")
	require.NoError(t, err)
	return address
}

// password of the administrator of every ClickHouse of this package.
const password = "p&<'1"

// startClickHouse gives the address of a server with the log-in of its administrator, the database left to the caller.
func startClickHouse(t *testing.T) string {
	t.Helper()
	c := run(t, testcontainers.ContainerRequest{
		Image: clickHouseImage(),
		Env: map[string]string{
			"CLICKHOUSE_DB": "rcu", "CLICKHOUSE_USER": "rcu", "CLICKHOUSE_PASSWORD": password, "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT": "1",
		},
		ExposedPorts: []string{"8123/tcp"},
		WaitingFor:   wait.ForHTTP("/ping").WithPort("8123/tcp").WithStartupTimeout(patience),
	})
	address, err := c.PortEndpoint(t.Context(), "8123/tcp", "")
	require.NoError(t, err)
	return address
}
