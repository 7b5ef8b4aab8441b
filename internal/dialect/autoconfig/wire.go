package autoconfig

import "encoding/xml"

// Thunderbird reads a scalar element that has an attribute as something else
// than its text, and Evolution refuses a server element with any attribute but
// type: scalars carry none, except where no client of theirs looks.

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

// socketServer is named by host and port.
type socketServer struct {
	Type           string   `xml:"type,attr"`
	Hostname       string   `xml:"hostname"`
	Port           uint16   `xml:"port"`
	SocketType     string   `xml:"socketType"`
	Authentication []string `xml:"authentication"`
	Username       string   `xml:"username"`
	POP3           *pop3    `xml:"pop3"`
}

// pop3 says what a client does with the mail on the server. Thunderbird reads
// it; the others ignore it.
type pop3 struct {
	LeaveMessagesOnServer       *bool `xml:"leaveMessagesOnServer"`
	DownloadOnBiff              *bool `xml:"downloadOnBiff"`
	DaysToLeaveMessagesOnServer int   `xml:"daysToLeaveMessagesOnServer,omitempty"`
}

// urlServer is named by a URL.
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
	URL   string  `xml:"url,attr"`
	Descr []descr `xml:"descr"`
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
