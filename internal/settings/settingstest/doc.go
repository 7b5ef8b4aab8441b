// Package settingstest makes settings for tests: any that are valid, so that a
// renderer can be tried on more than its author thought of.
//
// It owns no rule: package settings defines what valid means, and a test
// here holds the two together. Nothing but tests imports it.
package settingstest
