// Package examples holds settings files to start from. They are read and
// checked by tests, and the one for Infomaniak is built into the program, which
// runs it when it is given no file.
package examples
