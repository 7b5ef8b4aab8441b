// Package arch tests the rules that hold for every package: which package may
// import which, what no package may contain, and where modules come from. It does
// not know what the packages do. .golangci.yml bans what nothing may import.
package arch
