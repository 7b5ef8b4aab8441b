// Package domainconnect lets the owner of a domain publish records in a few clicks at
// the DNS provider, by Domain Connect: a template that DNS providers know, and a signed
// link that asks for it.
//
// It owns the template, the signature, and how the DNS provider of a domain is found. It
// does not know the settings: the caller says which records of the template a domain
// needs.
package domainconnect
