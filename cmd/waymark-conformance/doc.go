// Command conformance holds a running autoconfiguration server against the
// forty checks. It owns the flags and the printing of the report, and knows
// nothing of what is checked.
package main
