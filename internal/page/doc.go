// Package page shows people the settings of their address and offers the Apple
// profile. Addresses are posted, so that they stay out of URLs and logs.
//
// It owns the words of the page. It asks the same Resolver as the dialects and
// knows none of them but the address of the profile.
package page
