// Package directory finds the settings for a domain: in the settings file, then
// in the sources, then from the catch-all.
//
// It owns this order, and turns records of sources into settings. It knows no
// dialect, file format or database: package lookup queries the sources and caches
// the answers. A Directory never changes; a reload makes a new one.
package directory
