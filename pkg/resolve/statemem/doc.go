// Package statemem keeps the state of resolve in memory: the twin of stateredis for tests, held to it by statetest.
package statemem
