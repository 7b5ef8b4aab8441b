// Package importer turns the data of other systems into a settings file: files of
// Thunderbird's ISP database, the SQLite database of automx2, the environment of
// the container autodiscover-email-settings.
//
// It owns the terms of those systems, what they mean in Waymark, and the list of
// everything that is not imported. It does not know who uses the settings file,
// nor the rules of package config: tests check that config accepts every import.
package importer
