// Package importer turns what other systems know about mail services into a
// settings file: files of the ISP database of Thunderbird, the SQLite database
// of automx2, the environment of the container autodiscover-email-settings.
//
// It owns the words of those systems, what they mean here, and the list of all
// that could not be carried over. It does not know who will use the settings
// file, nor the rules of config: tests hold the two together.
package importer
