package dnsrecords

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// nsUpdate prints commands for nsupdate (RFC 2136), which replace the records of
// each name and type. A second digest of the PACC document is kept: clients need
// the old one until its time to live has passed.
func nsUpdate(s Set) ([]byte, error) {
	var out bytes.Buffer
	var replaced []string
	for _, r := range s.Records {
		types := []Type{r.Type}
		if r.Type == A || r.Type == AAAA || r.Type == CNAME {
			types = []Type{A, AAAA, CNAME} // a CNAME beside another record is ignored
		}
		if r.Purpose == forPACC && r.Type == TXT {
			types = nil
		}
		for _, t := range types {
			command := fmt.Sprintf("update delete %s IN %s", r.Name, t)
			if !slices.Contains(replaced, command) {
				replaced = append(replaced, command)
				fmt.Fprintln(&out, command)
			}
		}
		rr, err := r.rr()
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(&out, "update add", strings.ReplaceAll(rr.String(), "\t", " "))
	}
	out.WriteString("send\n")
	return out.Bytes(), nil
}
