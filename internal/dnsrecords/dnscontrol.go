package dnsrecords

import (
	"encoding/json"
	"fmt"
	"strings"
)

// dnsControl prints a statement for dnsconfig.js of DNSControl. D_EXTEND adds to
// the existing D of the domain or of a parent.
func dnsControl(s Set) ([]byte, error) {
	domain, err := javaScript(string(s.Domain))
	if err != nil {
		return nil, err
	}
	arguments := []string{domain}
	for _, r := range s.Records {
		label, err := javaScript(s.label(r))
		if err != nil {
			return nil, err
		}
		value, err := javaScript(r.Value)
		if err != nil {
			return nil, err
		}
		if r.Type == SRV {
			value = fmt.Sprintf("%d, %d, %d, %s", r.Priority, r.Weight, r.Port, value)
		}
		arguments = append(arguments, fmt.Sprintf("%s(%s, %s, TTL(%d))", r.Type, label, value, TTL))
	}
	// No comma after the last one: DNSControl reads ES5.
	return []byte("D_EXTEND(" + strings.Join(arguments, ",\n    ") + "\n);\n"), nil
}

// javaScript returns a string literal. A JSON string is one if U+2028 and U+2029
// are escaped, as the encoder does.
func javaScript(s string) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}
