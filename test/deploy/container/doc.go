// Package container holds what goes with the Dockerfile. Its tests build the
// image, look at everything that is in it, and run it as its user. It has no
// code of its own.
package container
