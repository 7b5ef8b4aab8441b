package autoconfig

import "encoding/xml"

// Scalar elements have no attributes, except where these clients do not look:
// Thunderbird does not read a scalar with an attribute as text, and Evolution
// rejects a server element with any attribute but type.

type clientConfig struct {
	XMLName       xml.Name       `xml:"clientConfig"`
	Version       string         `xml:"version,attr"`
	EmailProvider emailProvider  `xml:"emailProvider"`
	Calendars     []urlServer    `xml:"calendar"`
	AddressBooks  []urlServer    `xml:"addressbook"`
	FileShares    []urlServer    `xml:"fileShare"`
	SetupServers  []socketServer `xml:"setupServer"`
	OAuth2        *oAuth2        `xml:"oAuth2"`
}

type emailProvider struct {
	ID               string         `xml:"id,attr"`
	Domains          []string       `xml:"domain"`
	DisplayName      string         `xml:"displayName"`
	DisplayShortName string         `xml:"displayShortName"`
	IncomingServers  []any          `xml:"incomingServer"` // socketServer or urlServer
	OutgoingServers  []socketServer `xml:"outgoingServer"`
	Documentation    *documentation `xml:"documentation"`
}

// socketServer is a service given by host and port.
type socketServer struct {
	Type           string   `xml:"type,attr"`
	Hostname       string   `xml:"hostname"`
	Port           uint16   `xml:"port"`
	SocketType     string   `xml:"socketType"`
	Authentication []string `xml:"authentication"`
	Username       string   `xml:"username"`
	POP3           *pop3    `xml:"pop3"`
}

// pop3 recommends what to do with the mail on the server. Only Thunderbird reads
// it.
type pop3 struct {
	LeaveMessagesOnServer       *bool `xml:"leaveMessagesOnServer"`
	DownloadOnBiff              *bool `xml:"downloadOnBiff"`
	DaysToLeaveMessagesOnServer int   `xml:"daysToLeaveMessagesOnServer,omitempty"`
}

// urlServer is a service given by a URL.
type urlServer struct {
	Type           string           `xml:"type,attr"`
	URL            string           `xml:"url"`
	Authentication []authentication `xml:"authentication"`
	Username       string           `xml:"username"`
}

type authentication struct {
	System string `xml:"system,attr,omitempty"`
	Scheme string `xml:",chardata"`
}

type documentation struct {
	URL   string `xml:"url,attr"`
	Descr descr  `xml:"descr"`
}

type descr struct {
	Lang string `xml:"lang,attr"`
	Text string `xml:",chardata"`
}

// oAuth2 is the block of draft-ietf-mailmaint-autoconfig at the root.
type oAuth2 struct {
	AuthURL  string `xml:"authURL"`
	TokenURL string `xml:"tokenURL"`
	Issuer   string `xml:"issuer"`
	Scope    string `xml:"scope"`
	ClientID string `xml:"clientID,omitempty"`
}
