// Package packages tests a release: it builds one from a copy of the tree, with
// .goreleaser.yaml and the programs of tools/release, inspects its files and
// installs it. It has no code of its own.
package packages
