package dnsrecords

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// readNSUpdate requires that each set of records is deleted before it is added,
// except for digests.
func readNSUpdate(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	body, complete := strings.CutSuffix(string(text), "send\n")
	if !complete {
		t.Fatalf("nothing is sent:\n%s", text)
	}
	deleted := map[string]bool{}
	var added strings.Builder
	for line := range strings.Lines(body) {
		if at, ok := strings.CutPrefix(line, "update delete "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(at), " IN ")
			deleted[name+" "+kind] = true
			continue
		}
		at, ok := strings.CutPrefix(line, "update add ")
		fields := strings.Fields(at)
		if !ok || len(fields) < 5 {
			t.Fatalf("not a command: %q", line)
		}
		if !deleted[fields[0]+" "+fields[3]] && !strings.HasPrefix(fields[0], "_ua-auto-config.") {
			t.Errorf("%s: the old records stay", line)
		}
		added.WriteString(at)
	}
	return readZone(t, s, []byte(added.String()))
}

var (
	resource  = regexp.MustCompile(`(?s)^resource "dns_(\w+?)_record(?:_set)?" "([A-Za-z_][\w-]*)" \{\n(.*)\}\n$`)
	attribute = regexp.MustCompile(`^  (\w+) +=? ?(.*)$`)
)

// readTerraform reads the part of HCL that is printed.
func readTerraform(t *testing.T, s Set, text []byte) []Record {
	t.Helper()
	var all []Record
	var names []string
	if len(text) == 0 {
		return nil
	}
	for _, block := range strings.SplitAfter(string(text), "\n}\n") {
		block = strings.TrimPrefix(block, "\n")
		if block == "" {
			continue
		}
		m := resource.FindStringSubmatch(block)
		if m == nil {
			t.Fatalf("not a resource:\n%s", block)
		}
		r := Record{Type: Type(strings.ToUpper(m[1]))}
		if name := m[1] + "." + m[2]; slices.Contains(names, name) {
			t.Errorf("%s is defined twice", name)
		} else {
			names = append(names, name)
		}
		var zone, ttl string
		var values []string
		for line := range strings.Lines(m[3]) {
			a := attribute.FindStringSubmatch(strings.TrimSuffix(strings.Replace(line, "    ", "  ", 1), "\n"))
			if a == nil {
				continue // the end of srv
			}
			switch a[1] {
			case "zone":
				zone = hclText(t, a[2])
			case "name":
				r.Name = hclText(t, a[2]) + "." + string(s.Domain) + "."
			case "ttl":
				ttl = a[2]
			case "cname":
				values = append(values, hclText(t, a[2]))
			case "addresses", "txt":
				var list []string
				if err := json.Unmarshal([]byte(unTemplate(a[2])), &list); err != nil {
					t.Fatalf("%v: %s", err, a[2])
				}
				values = append(values, list...)
			case "srv":
				r.Priority, r.Weight, r.Port = 0, 0, 0
			case "priority":
				r.Priority = number(t, a[2])
			case "weight":
				r.Weight = number(t, a[2])
			case "port":
				r.Port = number(t, a[2])
			case "target":
				r.Value = hclText(t, a[2])
				all = append(all, r)
			default:
				t.Errorf("unexpected %q", line)
			}
		}
		if zone != string(s.Domain)+"." || ttl != "3600" {
			t.Errorf("zone %q, ttl %q", zone, ttl)
		}
		for _, v := range values {
			if r.Type == TXT { // as the provider does it
				v = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(v)
			}
			r.Value = v
			all = append(all, r)
		}
	}
	return all
}

func unTemplate(text string) string {
	return strings.NewReplacer("$${", "${", "%%{", "%{").Replace(text)
}

func hclText(t *testing.T, text string) string {
	t.Helper()
	var value string
	if err := json.Unmarshal([]byte(unTemplate(text)), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return value
}

func number(t *testing.T, text string) uint16 {
	t.Helper()
	var n uint16
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return n
}

// TestNSUpdateKeepsOldDigests: clients that hold the old TXT record read the old
// document until its time to live has passed.
func TestNSUpdateKeepsOldDigests(t *testing.T) {
	set := Set{Domain: "example.com", Records: []Record{{Name: "_ua-auto-config.example.com.", Type: TXT, Value: digest([]byte("{}")), Purpose: forPACC}}}
	text, err := set.Print("nsupdate")
	if err != nil || strings.Contains(string(text), "delete") {
		t.Errorf("%s, %v", text, err)
	}
}
