//go:build !race

package browser

// raceFactor is how much slower the race detector makes the service at most:
// it is not there.
const raceFactor = 1
