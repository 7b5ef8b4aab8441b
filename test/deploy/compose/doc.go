// Package compose holds compose files for Waymark behind a web server. Its
// tests compare them with the settings and the files of the web servers that
// they name. It has no code of its own.
package compose
