// Package templates holds the pages for people and their style. What machines
// read never comes from a template.
package templates
