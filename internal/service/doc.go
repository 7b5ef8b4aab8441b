// Package service is one running Waymark: it connects the settings, the dialects,
// the signing identity and the listeners, and reloads them when files change.
//
// It owns the list of dialects and the rule of reloading: everything new is built
// and checked before it replaces the old. It does not know the format of a dialect
// or the command line.
package service
