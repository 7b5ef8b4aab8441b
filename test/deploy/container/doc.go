// Package container tests the Dockerfile: it builds the image, checks every file in
// it, and runs it as its user. It has no code of its own, and does not know what
// Waymark answers.
package container
