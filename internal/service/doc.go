// Package service is one running Waymark: it puts a settings file, the
// dialects, the signing identity and the listeners together, and exchanges
// them when files change.
//
// It owns the list of dialects and the rule of reloading: everything new is
// built and found good before anything old is let go. It knows no dialect's
// words and no command line.
package service
