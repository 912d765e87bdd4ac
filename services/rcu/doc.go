// Command rcu is the one binary: everything on one machine (`rcu up`), each service alone (`rcu run SERVICE`), and the
// command line.
//
// It owns how the services are put together and nothing of what they do. Each command is a struct in a file of its
// own with `Run(ctx context.Context, a *app) error` and `Help() string`, whose text ends with an example; it is listed
// in cli.go. Answers go to stdout by app.answer, as text or, with --json, as one JSON object; all else to stderr.
package main
