package mobileconfig

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	howett "howett.net/plist"
)

// key is what Apple's device-management schema says of one key: its type, and
// the values it may have ("" for any).
type key struct {
	kind     string // string, integer, boolean, date, array, dictionary
	required bool
	values   []string
}

var (
	optional  = key{kind: "string"}
	required  = key{kind: "string", required: true}
	flag      = key{kind: "boolean"}
	number    = key{kind: "integer"}
	mailAuths = key{kind: "string", required: true, values: []string{"EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM", "EmailAuthHTTPMD5"}}
)

// common are the keys of every payload (CommonPayloadKeys).
func common(payloadType string) map[string]key {
	return map[string]key{
		"PayloadIdentifier":   required,
		"PayloadUUID":         required,
		"PayloadType":         {kind: "string", required: true, values: []string{payloadType}},
		"PayloadVersion":      {kind: "integer", required: true, values: []string{"1"}},
		"PayloadDisplayName":  optional,
		"PayloadDescription":  optional,
		"PayloadOrganization": optional,
	}
}

// schema returns the keys of a payload; those of a password are left out on
// purpose, as are those that Waymark never writes.
func schema(payloadType string) map[string]key {
	keys := common(payloadType)
	add := func(more map[string]key) map[string]key {
		for name, k := range more {
			keys[name] = k
		}
		return keys
	}
	switch payloadType {
	case "Configuration":
		return add(map[string]key{
			"PayloadContent": {kind: "array", required: true},
			"PayloadScope":   {kind: "string", values: []string{"System", "User"}},
			"ConsentText":    {kind: "dictionary"},
			"RemovalDate":    {kind: "date"},
		})
	case "com.apple.mail.managed":
		return add(map[string]key{
			"EmailAccountType":                       {kind: "string", required: true, values: []string{"EmailTypeIMAP", "EmailTypePOP"}},
			"EmailAccountDescription":                optional,
			"EmailAddress":                           optional,
			"IncomingMailServerAuthentication":       mailAuths,
			"IncomingMailServerHostName":             required,
			"IncomingMailServerPortNumber":           number,
			"IncomingMailServerUseSSL":               flag,
			"IncomingMailServerUsername":             optional,
			"OutgoingMailServerAuthentication":       mailAuths,
			"OutgoingMailServerHostName":             required,
			"OutgoingMailServerPortNumber":           number,
			"OutgoingMailServerUseSSL":               flag,
			"OutgoingMailServerUsername":             optional,
			"OutgoingPasswordSameAsIncomingPassword": flag,
		})
	case "com.apple.caldav.account":
		return add(map[string]key{
			"CalDAVAccountDescription": optional, "CalDAVHostName": required, "CalDAVUsername": optional,
			"CalDAVPrincipalURL": optional, "CalDAVUseSSL": flag, "CalDAVPort": number,
		})
	case "com.apple.carddav.account":
		return add(map[string]key{
			"CardDAVAccountDescription": optional, "CardDAVHostName": required, "CardDAVUsername": optional,
			"CardDAVPrincipalURL": optional, "CardDAVUseSSL": flag, "CardDAVPort": number,
		})
	}
	return nil
}

var uuidForm = regexp.MustCompile(`^[0-9A-F]{8}-[0-9A-F]{4}-5[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`)

// checkProfile reads a profile with an independent parser, holds it against the
// schema, and returns its payloads by their type.
func checkProfile(t *testing.T, profile []byte) (top map[string]any, payloads map[string]map[string]any) {
	t.Helper()
	if _, err := howett.Unmarshal(profile, &top); err != nil {
		t.Fatalf("%v\n%s", err, profile)
	}
	payloads = map[string]map[string]any{}
	identifiers, uuids := []string{}, []string{}
	check := func(d map[string]any) {
		payloadType, _ := d["PayloadType"].(string)
		for _, problem := range problems(d, schema(payloadType)) {
			t.Errorf("%s: %s", payloadType, problem)
		}
		identifier, _ := d["PayloadIdentifier"].(string)
		id, _ := d["PayloadUUID"].(string)
		if slices.Contains(identifiers, identifier) || slices.Contains(uuids, id) {
			t.Errorf("%s: identifier or UUID is not unique", payloadType)
		}
		if !uuidForm.MatchString(id) {
			t.Errorf("%s: %q is no UUID of version 5", payloadType, id)
		}
		identifiers, uuids = append(identifiers, identifier), append(uuids, id)
	}
	check(top)
	content, _ := top["PayloadContent"].([]any)
	if len(content) == 0 {
		t.Error("there is no payload")
	}
	for _, c := range content {
		d, _ := c.(map[string]any)
		check(d)
		payloads[d["PayloadType"].(string)] = d
	}
	if t.Failed() {
		t.Logf("%s", profile)
	}
	return top, payloads
}

func problems(d map[string]any, keys map[string]key) []string {
	if keys == nil {
		return []string{"unknown payload type"}
	}
	var all []string
	for name, k := range keys {
		if _, there := d[name]; k.required && !there {
			all = append(all, name+" is missing")
		}
	}
	for name, value := range d {
		k, known := keys[name]
		if !known {
			all = append(all, name+" is not in the schema, or must not be written")
			continue
		}
		var kind string
		switch value := value.(type) {
		case string:
			kind = "string"
			if value == "" {
				all = append(all, name+" is empty")
			}
		case uint64, int64:
			kind = "integer"
		case bool:
			kind = "boolean"
		case time.Time:
			kind = "date"
		case []any:
			kind = "array"
		case map[string]any:
			kind = "dictionary"
		default:
			kind = fmt.Sprintf("%T", value)
		}
		if kind != k.kind {
			all = append(all, name+" is of type "+kind+", not "+k.kind)
		}
		if k.values != nil && !slices.Contains(k.values, fmt.Sprint(value)) {
			all = append(all, fmt.Sprintf("%s is %v, not one of %v", name, value, k.values))
		}
	}
	return all
}

// TestTheSchemaCheckCanFail breaks each rule once.
func TestTheSchemaCheckCanFail(t *testing.T) {
	good := func() map[string]any {
		return map[string]any{
			"PayloadIdentifier": "x", "PayloadUUID": "x", "PayloadType": "com.apple.caldav.account", "PayloadVersion": uint64(1),
			"CalDAVHostName": "dav.example.net", "CalDAVPort": uint64(8443),
		}
	}
	if got := problems(good(), schema("com.apple.caldav.account")); got != nil {
		t.Fatalf("a good payload: %v", got)
	}
	for name, spoil := range map[string]func(map[string]any){
		"missing":    func(d map[string]any) { delete(d, "CalDAVHostName") },
		"real":       func(d map[string]any) { d["CalDAVPort"] = 8443.0 },
		"empty":      func(d map[string]any) { d["CalDAVUsername"] = "" },
		"password":   func(d map[string]any) { d["CalDAVPassword"] = "secret" },
		"wrong word": func(d map[string]any) { d["PayloadVersion"] = uint64(2) },
	} {
		d := good()
		spoil(d)
		if problems(d, schema("com.apple.caldav.account")) == nil {
			t.Errorf("%s is not noticed", name)
		}
	}
}
