// Package examples holds settings files to start from. They are read and
// checked by tests. The one for Infomaniak is built into the program, for
// "waymark serve --example".
package examples
