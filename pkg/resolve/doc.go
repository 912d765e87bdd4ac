// Package resolve owns the way from facts to changes of state: the graph of a space, planned purely and committed in one
// atomic function, and the cells beside it (leaves, registers, keys), each written by one function that compares a version.
//
// A plan is made on what was read; a commit is accepted only if that still holds, absence included. So any number of workers
// give the state that one would. The ports GraphState and Cells have a twin in memory and an adapter to Redis, and both run
// the suite of package statetest.
package resolve
