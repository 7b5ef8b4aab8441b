// Package dnsupdates has Waymark write the challenges of an authority to BIND. It has no
// code of its own.
package dnsupdates
