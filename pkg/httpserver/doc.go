// Package httpserver is the chassis of every HTTP server of the product: limits, time-outs, request ids, recovery,
// metrics by route and outcome, bodies with a limit on their decompressed size, and an orderly stop.
//
// Invariants: every request has a deadline and every body a limit; no path, query, header, body or panic value ever
// reaches a log line, a metric or an error answer: logs and metrics carry the route's own name, the outcome and an id
// that the server made itself.
package httpserver
