// Package publicaddress tells addresses that anybody on the Internet may contact
// from those of private and special networks. Whoever connects to a host that a
// stranger names asks it first, so that the stranger reaches no internal server.
//
// It owns the list of special networks. It opens no connection.
package publicaddress
