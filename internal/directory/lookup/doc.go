// Package lookup asks the sources outside the settings file about a domain, in
// order, and caches their answers: a known domain costs no query, concurrent
// requests for a domain share one query, and an answer outlives an outage of its
// source.
//
// It owns when a source is queried, how often and how many times at once. It does
// not know databases or providers: it holds records and the names of their
// sources, so that it outlives a reload of the settings file.
package lookup
