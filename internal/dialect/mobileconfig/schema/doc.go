// Package schema checks a configuration profile against Apple's published payload
// schema: keys, types, required keys and allowed values.
//
// It decodes the property list with another library than the one that encoded it.
// It does not know settings or signatures.
package schema
