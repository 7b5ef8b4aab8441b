// Package publicaddress tells addresses that anybody on the Internet may contact
// from those of private and special networks. Code that connects to a host named
// by a stranger asks it first, so that the stranger reaches no internal server.
//
// It owns the list of special networks. It opens no connection.
package publicaddress
