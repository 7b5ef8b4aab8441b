// Package duration reads and prints durations that may have days, such as 30d. It
// knows nothing of what lasts that long.
package duration
