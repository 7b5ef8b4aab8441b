// Package sign adds CMS signatures (RFC 5652) to Apple profiles and verifies
// them. An Identity is a key with its certificates; a Keeper holds the current
// one.
//
// It owns the rules for identities that Apple devices accept: SHA-256, the leaf
// with its intermediates, RSA or ECDSA. It does not know what it signs, where
// settings come from, or who watches the files.
package sign
