// Package schema holds a configuration profile against Apple's published
// payload schema: every key, its type, whether it must be there, which values
// it may have. It reads the finished property list with another library than
// the one that wrote it, and knows neither settings nor signatures.
package schema
