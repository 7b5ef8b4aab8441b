// Package scale measures what many domains cost a Waymark that runs as a process of its
// own: time and memory, without the race detector, which takes ten times as much of
// both. It has no code of its own, and does not know how Waymark saves them.
package scale
