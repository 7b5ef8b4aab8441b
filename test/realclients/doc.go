// Package realclients holds no code: its tests let real mail clients and
// independent tools set up addresses from a running Waymark, and compare what
// they would use with the canonical settings. It knows nothing of how an answer
// is made.
package realclients
