// Package packages tests what a release is made of: .goreleaser.yaml and the
// programs of tools/release make it from a copy of the tree, and it is looked at
// and installed. It has no code of its own.
package packages
