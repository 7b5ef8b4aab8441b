// Package apple is Apple Mail on iOS, iPadOS and macOS: where Safari fetches a
// configuration profile, and how a device reads it.
//
// It owns the rules of Apple's payload reference. It does not verify signatures,
// and does not model Exchange accounts, the only ones that Apple Mail discovers.
package apple
