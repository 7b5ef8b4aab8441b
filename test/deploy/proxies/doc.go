// Package proxies holds example files for web servers in front of Waymark. Its
// tests start the real servers with exactly these files, in front of the real
// Waymark, and ask what mail clients ask. It has no code of its own.
package proxies
