package autodiscover

import "encoding/xml"

// The names of the response schemas. They begin with http on the wire, unlike in
// Microsoft's documentation.
const (
	outlookSchema    = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
	mobileSyncSchema = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
)

// outlookDocument is the response with settings (MS-OXDSCLI section 2.2.4).
type outlookDocument struct {
	XMLName  xml.Name        `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response outlookResponse `xml:"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a Response"`
}

type outlookResponse struct {
	User    *user // none in a redirect
	Account account
}

// user has the primary address of the requested one. There is no DisplayName:
// knowing an address must not reveal a person's name.
type user struct {
	AutoDiscoverSMTPAddress string
}

// account has AccountType and Action before the protocols, because FairEmail
// reads protocols only after both.
type account struct {
	AccountType  string
	Action       string
	RedirectAddr string `xml:",omitempty"`
	RedirectURL  string `xml:"RedirectUrl,omitempty"`
	Protocol     []protocolBlock
}

// protocolBlock has its elements in the order of Microsoft's schema.
// The blocks of mail always have DomainRequired and SPA: SPA, which means NTLM, is
// on by default. Those of Exchange have URLs instead of a Server.
type protocolBlock struct {
	Type           string
	Server         string `xml:",omitempty"`
	Port           uint16 `xml:",omitempty"`
	ASURL          string `xml:"ASUrl,omitempty"`
	EWSURL         string `xml:"EwsUrl,omitempty"`
	LoginName      string
	DomainRequired string
	SPA            string `xml:",omitempty"`
	SSL            string `xml:",omitempty"`
	Encryption     string `xml:",omitempty"`
	AuthRequired   string `xml:",omitempty"`
}

// mobileSyncDocument is the response with an ActiveSync server (MS-ASCMD section
// 2.2.1.1, Autodiscover).
type mobileSyncDocument struct {
	XMLName  xml.Name           `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Response mobileSyncResponse `xml:"http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006 Response"`
}

type mobileSyncResponse struct {
	Culture  string
	Email    string  `xml:"User>EMailAddress"`
	Redirect string  `xml:"Action>Redirect,omitempty"` // to another address
	Server   *server `xml:"Action>Settings>Server"`
}

type server struct {
	Type string
	URL  string `xml:"Url"`
	Name string
}

// errorDocument is an error response (MS-OXDSCLI section 2.2.4.1.1.3). Its Response
// is in the namespace of the root.
type errorDocument struct {
	XMLName xml.Name  `xml:"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006 Autodiscover"`
	Error   errorBody `xml:"Response>Error"`
}

type errorBody struct {
	Time      string `xml:",attr"`
	ID        uint32 `xml:"Id,attr"`
	ErrorCode errorCode
	Message   string
	DebugData string
}
