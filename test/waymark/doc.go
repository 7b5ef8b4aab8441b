// Package waymark builds Waymark once for the tests of a package, and starts it
// on free ports of loopback. It does not know what is asked of it.
package waymark
