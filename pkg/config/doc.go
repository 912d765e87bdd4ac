// Package config fills a service's Config struct from its defaults, a YAML file, the environment and the command
// line, each over the one before.
//
// Names: the field tag `yaml:"name"` gives a part of the dotted path; the environment variable of
// `resolver.redis.addr` is RCU_RESOLVER_REDIS_ADDR.
//
// Invariants:
//   - Unknown and repeated keys are problems, never ignored; so is a variable that is one slip away from a setting's.
//   - All problems are told at once, each with its dotted path, and with its line when it comes from the file.
//   - A Secret is never printed, logged or marshalled.
package config
