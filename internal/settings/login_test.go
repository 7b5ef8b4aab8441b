package settings

import (
	"testing"

	"github.com/waymark-mail/waymark/internal/address"
)

func TestLoginFor(t *testing.T) {
	anna := address.Address{Local: "Anna", Domain: "example.com"}
	for _, tc := range []struct {
		name  string
		form  Login
		asked address.Address
		want  string
		known bool
	}{
		{"whole address", "{address}", anna, "Anna@example.com", true},
		{"local part", "{local}", anna, "Anna", true},
		{"domain", "{domain}", anna, "example.com", true},
		{"local and domain", "{local}.{domain}", anna, "Anna.example.com", true},
		{"text around it", "mail-{local}#1", anna, "mail-Anna#1", true},
		{"one placeholder twice", "{local}/{local}", anna, "Anna/Anna", true},
		{"literal", "shared", anna, "shared", true},
		{"literal without an address", "shared", address.Address{}, "shared", true},
		{"form without an address", "{address}", address.Address{}, "", false},
		{"domain form without an address", "x.{domain}", address.Address{}, "", false},
		{"a local part that looks like a placeholder stays as it is", "{local}@{domain}", address.Address{Local: "{domain}", Domain: "example.com"}, "{domain}@example.com", true},
		{"so does an address", "{address}", address.Address{Local: "{local}", Domain: "example.com"}, "{local}@example.com", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, known := tc.form.For(tc.asked)
			if got != tc.want || known != tc.known {
				t.Errorf("%q for %q = %q, %v; want %q, %v", tc.form, tc.asked, got, known, tc.want, tc.known)
			}
		})
	}
}

func TestLoginReplaceTakesTheWordsOfAFormat(t *testing.T) {
	for form, want := range map[Login]string{
		"{address}":        "%A",
		"{local}.{domain}": "%L.%D",
		"shared":           "shared",
	} {
		if got := form.Replace("%A", "%L", "%D"); got != want {
			t.Errorf("%q = %q, want %q", form, got, want)
		}
	}
}

func TestLoginLiteral(t *testing.T) {
	for form, want := range map[Login]bool{"{address}": false, "a.{local}": false, "shared": true} {
		if got := form.Literal(); got != want {
			t.Errorf("%q.Literal() = %v", form, got)
		}
	}
}

func TestLoginValidate(t *testing.T) {
	for _, tc := range []struct {
		form Login
		want string // "" for valid
	}{
		{"{address}", ""},
		{"{local}.{domain}", ""},
		{"shared", ""},
		{"", `the login is empty; "{address}" is the default`},
		{"{user}", `the login "{user}" has an unknown placeholder; known: {address}, {local}, {domain}`},
		{"{Address}", `the login "{Address}" has an unknown placeholder; known: {address}, {local}, {domain}`},
		{"{local", `the login "{local" has an unknown placeholder; known: {address}, {local}, {domain}`},
		{"sh\ue000ared", `the login "sh\ue000ared" contains an invisible character`},
		{"local}", `the login "local}" has an unknown placeholder; known: {address}, {local}, {domain}`},
		{"{lo{address}cal}", `the login "{lo{address}cal}" has an unknown placeholder; known: {address}, {local}, {domain}`},
	} {
		got := ""
		if err := tc.form.Validate(); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%q: %q, want %q", tc.form, got, tc.want)
		}
	}
}

func TestLoginOfAMailboxThatMovedOrHasItsOwn(t *testing.T) {
	anna := address.Address{Local: "anna+news", Domain: "new.example"}
	s := Settings{Provider: &Provider{Subaddress: "+", Services: []Service{{Login: LoginAddress}, {Login: "shared"}}}, Domain: "old.example", MovedTo: "new.example", Address: anna}
	svc := s.Services()[0]
	if got, ok := s.Login(svc); got != "anna@new.example" || !ok {
		t.Errorf("moved: %s, %v", got, ok)
	}
	if svc.Login != "{local}@new.example" || s.Services()[1].Login != "shared" {
		t.Errorf("the logins after a move are %v", s.Services())
	}
	s.MovedTo = ""
	if got := s.Services()[0].Login; got != LoginAddress {
		t.Errorf("the login without a move is %s", got)
	}
	s.LoginName = "web12p3"
	if got, ok := s.Login(svc); got != "web12p3" || !ok {
		t.Errorf("its own: %s, %v", got, ok)
	}
}

func TestNameIn(t *testing.T) {
	p := Provider{Name: "Example Mail", Names: map[string]string{"de": "Beispielpost"}}
	for language, want := range map[string]string{"de": "Beispielpost", "fr": "Example Mail", "": "Example Mail"} {
		if got := p.NameIn(language); got != want {
			t.Errorf("%s: %s, want %s", language, got, want)
		}
	}
}
