package schema

// kind is the type of a value in a property list.
type kind string

const (
	text       kind = "string"
	integer    kind = "integer"
	realNumber kind = "real"
	boolean    kind = "boolean"
	date       kind = "date"
	data       kind = "data"
	array      kind = "array"
	dictionary kind = "dictionary"
)

// key is the schema of one key.
type key struct {
	kind     kind
	required bool
	values   []string // allowed; nil for any
	host     bool     // a bare host name: devices reject a URL
	port     bool     // 1 to 65535
	secret   bool     // in the schema, but not allowed in an unencrypted profile
}

var (
	optional = key{kind: text}
	required = key{kind: text, required: true}
	host     = key{kind: text, required: true, host: true}
	port     = key{kind: integer, port: true}
	flag     = key{kind: boolean}
	secret   = key{kind: text, secret: true}
	mailAuth = key{kind: text, required: true, values: []string{"EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM", "EmailAuthHTTPMD5"}}
)

const topLevel = "Configuration"

// payloads returns the keys of the payload types for mail, calendars and contacts
// (apple/device-management, mdm/profiles).
func payloads() map[string]map[string]key {
	return map[string]map[string]key{
		topLevel: with(common(topLevel), map[string]key{
			"PayloadContent":           {kind: array, required: true},
			"PayloadScope":             {kind: text, values: []string{"System", "User"}},
			"PayloadRemovalDisallowed": flag,
			"HasRemovalPasscode":       flag,
			"IsEncrypted":              flag,
			"EncryptedPayloadContent":  {kind: data},
			"RemovalDate":              {kind: date},
			"DurationUntilRemoval":     {kind: realNumber},
			"PayloadExpirationDate":    {kind: date},
			"TargetDeviceType":         {kind: integer, values: []string{"0", "1", "2", "3", "4", "5", "6"}},
			"ConsentText":              {kind: dictionary},
		}),
		"com.apple.mail.managed": with(common("com.apple.mail.managed"), map[string]key{
			"EmailAccountDescription":          optional,
			"EmailAccountName":                 optional,
			"EmailAccountType":                 {kind: text, required: true, values: []string{"EmailTypeIMAP", "EmailTypePOP"}},
			"EmailAddress":                     optional,
			"IncomingMailServerAuthentication": mailAuth,
			"IncomingMailServerHostName":       host,
			"IncomingMailServerPortNumber":     port,
			"IncomingMailServerUseSSL":         flag,
			"IncomingMailServerUsername":       optional,
			"IncomingMailServerIMAPPathPrefix": optional,
			"IncomingPassword":                 secret,
			"OutgoingMailServerAuthentication": mailAuth,
			"OutgoingMailServerHostName":       host,
			"OutgoingMailServerPortNumber":     port,
			"OutgoingMailServerUseSSL":         flag,
			"OutgoingMailServerUsername":       optional,
			"OutgoingPassword":                 secret,

			"OutgoingPasswordSameAsIncomingPassword":         flag,
			"PreventMove":                                    flag,
			"PreventAppSheet":                                flag,
			"SMIMEEnabled":                                   flag,
			"SMIMESigningEnabled":                            flag,
			"SMIMESigningCertificateUUID":                    optional,
			"SMIMEEncryptionEnabled":                         flag,
			"SMIMEEncryptionCertificateUUID":                 optional,
			"SMIMEEnablePerMessageSwitch":                    flag,
			"SMIMESigningUserOverrideable":                   flag,
			"SMIMESigningCertificateUUIDUserOverrideable":    flag,
			"SMIMEEncryptByDefault":                          flag,
			"SMIMEEncryptByDefaultUserOverrideable":          flag,
			"SMIMEEncryptionCertificateUUIDUserOverrideable": flag,
			"SMIMEEnableEncryptionPerMessageSwitch":          flag,
			"disableMailRecentsSyncing":                      flag,
			"allowMailDrop":                                  flag,
			"VPNUUID":                                        optional,
		}),
		"com.apple.caldav.account": with(common("com.apple.caldav.account"), map[string]key{
			"CalDAVAccountDescription": optional,
			"CalDAVHostName":           host,
			"CalDAVUsername":           optional,
			"CalDAVPassword":           secret,
			"CalDAVPrincipalURL":       optional,
			"CalDAVUseSSL":             flag,
			"CalDAVPort":               port,
			"VPNUUID":                  optional,
		}),
		"com.apple.carddav.account": with(common("com.apple.carddav.account"), map[string]key{
			"CardDAVAccountDescription": optional,
			"CardDAVHostName":           host,
			"CardDAVUsername":           optional,
			"CardDAVPassword":           secret,
			"CardDAVPrincipalURL":       optional,
			"CardDAVUseSSL":             flag,
			"CardDAVPort":               port,
			"CommunicationServiceRules": {kind: dictionary},
			"VPNUUID":                   optional,
		}),
	}
}

// common are the keys of the profile and of every payload.
func common(payloadType string) map[string]key {
	return map[string]key{
		"PayloadIdentifier":   required,
		"PayloadUUID":         required,
		"PayloadType":         {kind: text, required: true, values: []string{payloadType}},
		"PayloadVersion":      {kind: integer, required: true, values: []string{"1"}},
		"PayloadDisplayName":  optional,
		"PayloadDescription":  optional,
		"PayloadOrganization": optional,
	}
}

func with(keys, more map[string]key) map[string]key {
	for name, k := range more {
		keys[name] = k
	}
	return keys
}
