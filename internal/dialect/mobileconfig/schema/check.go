package schema

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// uuidForm is the format of Apple's tools, with any version and variant.
var uuidForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
})

// Check reads a profile that is not signed, or whose signature was taken off,
// and returns everything that a device could refuse or ignore in silence: one
// line each, in an order that does not change. nil means that nothing was found.
func Check(profile []byte) error {
	if !bytes.HasPrefix(profile, []byte("<?xml ")) {
		return errors.New("the property list is not in XML") // other formats are not supported
	}
	top, err := Read(profile)
	if err != nil {
		return err
	}
	c := checker{schema: payloads(), seen: map[string]string{}}
	c.payload("profile", top, topLevel)
	content, _ := top["PayloadContent"].([]any)
	if len(content) == 0 {
		c.found("profile", "PayloadContent is empty: there is nothing to install")
	}
	for i, item := range content {
		where := fmt.Sprintf("payload %d", i+1)
		d, ok := item.(map[string]any)
		if !ok {
			c.found(where, "is not a dictionary")
			continue
		}
		payloadType, _ := d["PayloadType"].(string)
		c.payload(where+" ("+payloadType+")", d, payloadType)
	}
	if len(c.problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(c.problems, "\n"))
}

type checker struct {
	schema   map[string]map[string]key
	seen     map[string]string // identifiers and UUIDs: two payloads that share one are one
	problems []string
}

func (c *checker) found(where, format string, args ...any) {
	c.problems = append(c.problems, where+": "+fmt.Sprintf(format, args...))
}

func (c *checker) payload(where string, d map[string]any, payloadType string) {
	keys, known := c.schema[payloadType]
	if !known || (payloadType == topLevel) != (where == "profile") {
		c.found(where, "PayloadType %q does not belong here", payloadType)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if _, there := d[name]; keys[name].required && !there {
			c.found(where, "%s is missing", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d)) {
		k, known := keys[name]
		if !known {
			c.found(where, "%s is not a key of this payload", name)
			continue
		}
		c.value(where, name, d[name], k)
	}
	for _, name := range []string{"PayloadIdentifier", "PayloadUUID"} {
		id, _ := d[name].(string)
		if other, twice := c.seen[name+id]; twice {
			c.found(where, "%s is that of %s too", name, other)
		}
		c.seen[name+id] = where
	}
	if id, _ := d["PayloadUUID"].(string); !uuidForm().MatchString(id) {
		c.found(where, "PayloadUUID is no UUID")
	}
}

func (c *checker) value(where, name string, value any, k key) {
	if got := kindOf(value); got != k.kind {
		c.found(where, "%s is %s, not %s", name, got, k.kind)
		return
	}
	switch {
	case k.secret:
		c.found(where, "%s must not be in a profile", name)
	case value == "":
		c.found(where, "%s is empty: leave it out", name)
	case k.values != nil && !slices.Contains(k.values, fmt.Sprint(value)):
		c.found(where, "%s is %v, not one of %s", name, value, strings.Join(k.values, " "))
	case k.host && strings.ContainsAny(value.(string), "/:@ "):
		c.found(where, "%s is not a bare host name", name)
	case k.port && !isPort(value):
		c.found(where, "%s is not a port", name)
	}
}

func isPort(value any) bool {
	n, positive := value.(uint64)
	return positive && n >= 1 && n <= 65535
}

// kindOf returns the kind of a decoded value; integers are uint64 unless negative.
func kindOf(value any) kind {
	switch value.(type) {
	case string:
		return text
	case uint64, int64:
		return integer
	case float64, float32:
		return realNumber
	case bool:
		return boolean
	case time.Time:
		return date
	case []byte:
		return data
	case []any:
		return array
	case map[string]any:
		return dictionary
	}
	return kind(fmt.Sprintf("%T", value))
}
