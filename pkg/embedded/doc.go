// Package embedded runs the three servers of RCU on one machine without an installation by hand:
// a real redis-server, an embedded Kafka broker and the ClickHouse engine.
//
// It owns how they are installed, started, watched and stopped; it knows nothing of what is stored in
// them. Each server is a child process, so that a crash of one never takes the program or the other
// servers with it.
//
// Invariants:
//   - A child never outlives its parent, not even after kill -9 of the parent.
//   - A child's data survives kill -9 of the child: a second start on the same folder finds it.
//   - Every server listens on the loopback interface alone.
//   - A server is handed out only when it answers, and only if it is the process started here: another
//     program on the same port is an error that names the port.
//   - Passwords are made on the first start and lie in files that only their owner can read.
package embedded
