package main

import (
	"fmt"
	"os"

	"rcu/pkg/contact"
	"rcu/pkg/yamlfile"
)

type contactSettings struct {
	// Rules is a file of rules before a contact, JSON or YAML: caps, hours, silences, each figure with its source. A list that it does not name
	// has its default. Empty: the defaults.
	Rules string `yaml:"rules"`
	// Place is where people are of whom neither the request nor a phone number tells: FR, a department (FR-67) or a time zone. Its hours and
	// holidays are kept.
	Place string `yaml:"place"`
}

// rules reads the rules in force.
func (c contactSettings) rules() (contact.Rules, error) {
	if c.Rules == "" {
		return contact.Default(), nil
	}
	raw, err := os.ReadFile(c.Rules)
	if err != nil {
		return contact.Rules{}, fmt.Errorf("reading rules of contacts: %w", err)
	}
	doc, err := yamlfile.ToJSON(raw)
	if err != nil {
		return contact.Rules{}, fmt.Errorf("reading rules of contacts in %s: %w", c.Rules, err)
	}
	rules, err := contact.ParseRules(doc)
	if err != nil {
		return contact.Rules{}, fmt.Errorf("checking %s: %w", c.Rules, err)
	}
	return rules, nil
}
