// Command waymark-conformance runs the forty checks against a running
// autoconfiguration server. It owns the flags and the printing of the report, and
// does not know what is checked.
package main
