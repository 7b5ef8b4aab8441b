package clients

// Format is a kind of document that clients read.
type Format string

// The formats.
const (
	Autoconfig   Format = "autoconfig"
	Autodiscover Format = "autodiscover" // the XML of Outlook
	Profile      Format = "profile"      // of Apple, as it is before it is signed
	PACC         Format = "pacc"
)

// Client is one program, reading one format.
type Client struct {
	Name   string
	Format Format
	// AsksForDomain is set for a client that does not say for which address it
	// asks, so that it is told what holds for the whole domain.
	AsksForDomain bool
	// Read returns the account that the client sets up for an address. Its
	// error is a *Refusal.
	Read func(document []byte, address string) (Account, error)
}

// Clients lists every model that reads a document.
func Clients() []Client {
	return []Client{
		{"Thunderbird", Autoconfig, false, Thunderbird},
		{"Thunderbird for Android", Autoconfig, true, ThunderbirdAndroid},
		{"Evolution", Autoconfig, false, Evolution},
		{"FairEmail", Autoconfig, false, FairEmail},
		{"Delta Chat", Autoconfig, false, DeltaChat},
		{"GNOME Online Accounts", Autoconfig, false, GNOMEOnlineAccounts},
		{"KMail", Autoconfig, true, KMail},
		{"Nextcloud Mail", Autoconfig, false, NextcloudMail},
		{"SnappyMail", Autoconfig, false, SnappyMail},
		{"Outlook", Autodiscover, false, Outlook},
		{"eM Client", Autodiscover, false, EMClient},
		{"Thunderbird's Autodiscover", Autodiscover, false, ThunderbirdAutodiscover},
		{"FairEmail's Autodiscover", Autodiscover, false, FairEmailAutodiscover},
		{"Delta Chat's Autodiscover", Autodiscover, false, DeltaChatAutodiscover},
		{"Apple", Profile, false, AppleProfile},
		{"PACC", PACC, true, PACCClient},
	}
}
