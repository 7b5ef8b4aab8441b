package dnsrecords

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// terraform prints resources of the provider hashicorp/dns for Terraform and
// OpenTofu, one for the records of each name and type. The zone is that of the
// domain.
func terraform(s Set) ([]byte, error) {
	var out bytes.Buffer
	var done []string
	for _, first := range s.Records {
		key := string(first.Type) + " " + first.Name
		if slices.Contains(done, key) {
			continue
		}
		done = append(done, key)
		var records []Record
		for _, r := range s.Records {
			if r.Name == first.Name && r.Type == first.Type {
				records = append(records, r)
			}
		}
		if len(done) > 1 {
			out.WriteByte('\n')
		}
		if err := s.resource(&out, records); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// resource prints the resource of the records of one name and type.
func (s Set) resource(out *bytes.Buffer, records []Record) error {
	first := records[0]
	kind, ok := map[Type]string{
		A: "dns_a_record_set", AAAA: "dns_aaaa_record_set", CNAME: "dns_cname_record", SRV: "dns_srv_record_set", TXT: "dns_txt_record_set",
	}[first.Type]
	if !ok {
		return fmt.Errorf("a record of type %s cannot be printed", first.Type)
	}
	fmt.Fprintf(out, "resource %q %q {\n", kind, terraformName(first.Name))
	attribute := func(name, value string) { fmt.Fprintf(out, "  %-9s = %s\n", name, value) }
	attribute("zone", terraformText(string(s.Domain)+"."))
	attribute("name", terraformText(s.label(first)))
	attribute("ttl", fmt.Sprint(TTL))
	var values []string
	for _, r := range records {
		switch r.Type {
		case CNAME:
			attribute("cname", terraformText(r.Value))
		case SRV:
			fmt.Fprintf(out, "  srv {\n    priority = %d\n    weight   = %d\n    port     = %d\n    target   = %s\n  }\n", r.Priority, r.Weight, r.Port, terraformText(r.Value))
		case TXT:
			// The provider puts the text between quotes of a zone file, as it is.
			values = append(values, terraformText(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(r.Value)))
		case A, AAAA:
			values = append(values, terraformText(r.Value))
		}
	}
	switch first.Type {
	case TXT:
		attribute("txt", "["+strings.Join(values, ", ")+"]")
	case A, AAAA:
		attribute("addresses", "["+strings.Join(values, ", ")+"]")
	case CNAME, SRV:
	}
	out.WriteString("}\n")
	return nil
}

// terraformName returns the name of a resource, which has letters, digits, dashes
// and underscores, and does not begin with a digit.
func terraformName(name string) string {
	name = strings.ReplaceAll(strings.TrimSuffix(name, "."), ".", "_")
	if name[0] >= '0' && name[0] <= '9' {
		return "_" + name
	}
	return name
}

// terraformText returns a string of HCL. It is that of JSON, in which ${ and %{
// begin a template.
func terraformText(text string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(text); err != nil {
		panic(err) // a string always has a form in JSON
	}
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strings.TrimSpace(b.String()))
}
