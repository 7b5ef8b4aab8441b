package dnsrecords

import "encoding/json"

type jsonSet struct {
	Domain  string       `json:"domain"`
	Records []jsonRecord `json:"records"`
	Notes   []string     `json:"notes"`
}

// jsonRecord has priority, weight and port, including zeros, for SRV only.
type jsonRecord struct {
	Name     string  `json:"name"`
	Type     Type    `json:"type"`
	TTL      int     `json:"ttl"`
	Priority *uint16 `json:"priority,omitempty"`
	Weight   *uint16 `json:"weight,omitempty"`
	Port     *uint16 `json:"port,omitempty"`
	Value    string  `json:"value"`
	Purpose  string  `json:"purpose"`
}

// asJSON prints one object with the records and the notes.
func asJSON(s Set) ([]byte, error) {
	// Empty lists, not null.
	set := jsonSet{Domain: string(s.Domain), Records: []jsonRecord{}, Notes: append([]string{}, s.Notes...)}
	for _, r := range s.Records {
		set.Records = append(set.Records, r.json())
	}
	text, err := json.MarshalIndent(set, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

func (r Record) json() jsonRecord {
	j := jsonRecord{Name: r.Name, Type: r.Type, TTL: TTL, Value: r.Value, Purpose: r.Purpose}
	if r.Type == SRV {
		j.Priority, j.Weight, j.Port = &r.Priority, &r.Weight, &r.Port
	}
	return j
}
