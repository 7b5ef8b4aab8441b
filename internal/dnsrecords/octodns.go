package dnsrecords

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// octoDNSRecords are the records of one name and type. octoDNS rejects unsorted
// keys, including those of this struct and of octoDNSTarget.
type octoDNSRecords struct {
	TTL    int    `yaml:"ttl"`
	Type   Type   `yaml:"type"`
	Value  any    `yaml:"value,omitempty"`
	Values []any  `yaml:"values,omitempty"`
	label  string // its key in the file
}

type octoDNSTarget struct {
	Port     uint16 `yaml:"port"`
	Priority uint16 `yaml:"priority"`
	Target   string `yaml:"target"`
	Weight   uint16 `yaml:"weight"`
}

// octoDNS prints the file of a zone for octoDNS, with names relative to it.
func octoDNS(s Set) ([]byte, error) {
	file := yaml.Node{Kind: yaml.MappingNode}
	for group := range grouped(s.octoDNSRecords()) {
		var key, value yaml.Node
		key.SetString(group[0].label)
		var content any = group
		if len(group) == 1 {
			content = group[0]
		}
		if err := value.Encode(content); err != nil {
			return nil, err
		}
		file.Content = append(file.Content, &key, &value)
	}
	return yaml.Dump(&file, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithExplicitStart())
}

// octoDNSRecords returns the records sorted by name, then by type.
func (s Set) octoDNSRecords() []octoDNSRecords {
	var all []octoDNSRecords
	for _, r := range s.Records {
		label := s.label(r)
		at := slices.IndexFunc(all, func(o octoDNSRecords) bool { return o.label == label && o.Type == r.Type })
		if at < 0 {
			at = len(all)
			all = append(all, octoDNSRecords{TTL: TTL, Type: r.Type, label: label})
		}
		all[at].Values = append(all[at].Values, octoDNSValue(r))
	}
	for i, o := range all {
		if len(o.Values) == 1 {
			all[i].Value, all[i].Values = o.Values[0], nil
		}
	}
	slices.SortFunc(all, func(a, b octoDNSRecords) int {
		return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.Type, b.Type))
	})
	return all
}

func octoDNSValue(r Record) any {
	switch r.Type {
	case SRV:
		return octoDNSTarget{Port: r.Port, Priority: r.Priority, Target: r.Value, Weight: r.Weight}
	case TXT:
		return strings.ReplaceAll(r.Value, ";", `\;`) // octoDNS requires the escape
	default:
		return r.Value
	}
}

// grouped yields the records of one name at a time.
func grouped(all []octoDNSRecords) func(yield func([]octoDNSRecords) bool) {
	return func(yield func([]octoDNSRecords) bool) {
		for len(all) > 0 {
			n := slices.IndexFunc(all, func(o octoDNSRecords) bool { return o.label != all[0].label })
			if n < 0 {
				n = len(all)
			}
			if !yield(all[:n]) {
				return
			}
			all = all[n:]
		}
	}
}
