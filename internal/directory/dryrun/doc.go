// Package dryrun looks up every domain that a source lists, and names those that
// would fail and those that look alike.
//
// It does not know the kinds of sources, nor who reads what it finds.
package dryrun
