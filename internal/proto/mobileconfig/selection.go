package mobileconfig

// Options say what a profile holds and in which language it is described. The
// zero value means everything, in English.
type Options struct {
	Selection Selection
	Language  string // one of Languages; "" for English
}

// Selection says which kinds of account were asked for. None means all.
type Selection struct {
	Mail, Calendar, Contacts bool
}

func (s Selection) all() bool { return s == Selection{} || s == Selection{true, true, true} }

func (s Selection) mail() bool     { return s.Mail || s.all() }
func (s Selection) calendar() bool { return s.Calendar || s.all() }
func (s Selection) contacts() bool { return s.Contacts || s.all() }

// String names the selection in identifiers: it must never change.
func (s Selection) String() string {
	if s.all() {
		return "all"
	}
	name := ""
	for _, part := range []struct {
		chosen bool
		name   string
	}{{s.Mail, "mail"}, {s.Calendar, "calendar"}, {s.Contacts, "contacts"}} {
		if part.chosen {
			name += "+" + part.name
		}
	}
	return name[1:]
}
