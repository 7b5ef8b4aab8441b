// Package sign puts CMS signatures (RFC 5652) on Apple profiles and checks
// them. An Identity is a key with its certificates; a Keeper holds the one in
// use.
//
// It owns what makes an identity fit for Apple's devices: SHA-256, the leaf
// with its intermediates, RSA or ECDSA. It does not know what it signs, where
// settings come from, nor who watches the files.
package sign
