// Package emclient is eM Client: which URLs it asks, and how it reads Autodiscover
// with its own blocks for calendars and contacts.
//
// It follows what its users report, since the source is closed. It does not
// know whether the program asks for autoconfig as well.
package emclient
