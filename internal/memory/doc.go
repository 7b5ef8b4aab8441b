// Package memory knows how much memory this process may use: the limit of its
// control group, as containers and systemd set it, or GOMEMLIMIT; and how much may
// wait for the garbage collector. It does not know what the memory is used for.
package memory
