// Package programs decides whether a test that needs more than Go runs. "make
// test" skips such tests, so that its result does not depend on the machine;
// "make test-all" runs them, and a program that is not installed fails the test.
// It does not know what the programs are for.
package programs
