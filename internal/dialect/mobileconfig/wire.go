package mobileconfig

import "time"

// head has the keys of both the profile and its payloads (CommonPayloadKeys,
// TopLevel).
type head struct {
	Identifier  string `plist:"PayloadIdentifier"`
	UUID        string `plist:"PayloadUUID"`
	Type        string `plist:"PayloadType"`
	Version     int    `plist:"PayloadVersion"`
	DisplayName string `plist:"PayloadDisplayName,omitempty"`
	Description string `plist:"PayloadDescription,omitempty"`
}

// configuration is the profile.
type configuration struct {
	head
	Organization string            `plist:"PayloadOrganization,omitempty"`
	Scope        string            `plist:"PayloadScope"`
	Content      []any             `plist:"PayloadContent"`
	ConsentText  map[string]string `plist:"ConsentText,omitempty"`
	RemovalDate  *time.Time        `plist:"RemovalDate,omitempty"`
}

// mail is com.apple.mail.managed. Empty keys are omitted: iOS rejects the whole
// profile otherwise, without a reason. There is no EmailAccountName, because the
// name of the person is unknown.
type mail struct {
	head
	AccountType        string `plist:"EmailAccountType"`
	AccountDescription string `plist:"EmailAccountDescription,omitempty"`
	Address            string `plist:"EmailAddress"`

	IncomingAuthentication string `plist:"IncomingMailServerAuthentication"`
	IncomingHost           string `plist:"IncomingMailServerHostName"`
	IncomingPort           int    `plist:"IncomingMailServerPortNumber"`
	IncomingUseSSL         bool   `plist:"IncomingMailServerUseSSL"`
	IncomingUsername       string `plist:"IncomingMailServerUsername,omitempty"`

	OutgoingAuthentication string `plist:"OutgoingMailServerAuthentication"`
	OutgoingHost           string `plist:"OutgoingMailServerHostName"`
	OutgoingPort           int    `plist:"OutgoingMailServerPortNumber"`
	OutgoingUseSSL         bool   `plist:"OutgoingMailServerUseSSL"`
	OutgoingUsername       string `plist:"OutgoingMailServerUsername,omitempty"`

	SamePassword bool `plist:"OutgoingPasswordSameAsIncomingPassword"`
}

// calDAV is com.apple.caldav.account.
type calDAV struct {
	head
	AccountDescription string `plist:"CalDAVAccountDescription,omitempty"`
	Host               string `plist:"CalDAVHostName"`
	Port               int    `plist:"CalDAVPort,omitempty"`
	PrincipalURL       string `plist:"CalDAVPrincipalURL,omitempty"`
	UseSSL             bool   `plist:"CalDAVUseSSL"`
	Username           string `plist:"CalDAVUsername,omitempty"`
}

// cardDAV is com.apple.carddav.account.
type cardDAV struct {
	head
	AccountDescription string `plist:"CardDAVAccountDescription,omitempty"`
	Host               string `plist:"CardDAVHostName"`
	Port               int    `plist:"CardDAVPort,omitempty"`
	PrincipalURL       string `plist:"CardDAVPrincipalURL,omitempty"`
	UseSSL             bool   `plist:"CardDAVUseSSL"`
	Username           string `plist:"CardDAVUsername,omitempty"`
}
