// Package config reads the settings file into a Config and checks it. It reports
// all findings at once, each with its line, its key and what would be right.
//
// It owns the keys of the file, their defaults and the ${env:} and ${file:}
// references. It does not know who uses a Config: it opens no listener, reads no
// certificate and looks up no domain. Package settings defines what makes a
// service or a provider valid.
package config
