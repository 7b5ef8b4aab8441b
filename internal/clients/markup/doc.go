// Package markup reads XML and property lists in the ways that mail clients
// read them: as the events of a pull parser, or as a tree.
//
// It owns no rule of any client, and knows no element or attribute by name but
// those of a property list.
package markup
