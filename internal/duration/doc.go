// Package duration reads and prints durations that may have days, such as 30d. It
// does not know what a duration is for.
package duration
