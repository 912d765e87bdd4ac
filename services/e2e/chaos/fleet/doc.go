// Package fleet runs a whole installation the way a data centre does: the broker, Redis, ClickHouse and every service are processes of
// their own, each of which can be killed alone (kill -9) and started again on the same data and port, or stand still for a while. Between the services and each
// server stands a TCP proxy that can cut, refuse and hold connections. It owns the processes it starts, and their folder.
//
// Invariants:
//   - Every process ends with the program that started it, whatever the reason (Linux).
//   - A service that ends by itself is started again, as an init system would, and that is told.
//   - Nothing is reached but through the ports and the signals of the processes, and the file that a loss of power takes from Redis.
package fleet
