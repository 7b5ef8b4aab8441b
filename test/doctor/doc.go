// Package doctor holds no code: its tests let "waymark doctor" examine mail servers
// and autoconfiguration servers of others, as they are installed in real life. It
// knows nothing of how the doctor examines.
package doctor
