// Package statetest is the conformance suite of the ports of resolve: what every implementation has to do, written once.
package statetest
