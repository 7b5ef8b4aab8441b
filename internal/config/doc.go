// Package config turns the settings file into a checked Config. It reports
// everything that is wrong with the file at once, each finding with its line,
// its key and what would be right.
//
// It owns the keys of the file, their defaults and the ${env:} and ${file:}
// references. It does not know who uses a Config: no listener is opened, no
// certificate read, no domain looked up here. What makes a service or a
// provider sound is said by package settings.
package config
