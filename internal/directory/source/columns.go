package source

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// set stores the non-empty value of a column in a record.
type set func(*Record, string) error

// columns returns how to store each column.
func columns() map[string]set {
	all := map[string]set{
		columnDomain:  func(*Record, string) error { return nil },
		columnAddress: func(*Record, string) error { return nil },
		"provider":    func(r *Record, v string) error { r.Provider = v; return nil },
		"login":       func(r *Record, v string) error { r.Login = v; return nil },
		"mail_host": func(r *Record, v string) (err error) {
			r.MailHost, err = settings.ParseHost(v)
			return err
		},
		"display_name": func(r *Record, v string) error { r.Name = v; return nil },
		"help_url": func(r *Record, v string) error {
			u, err := settings.ParseWebURL(v)
			if err == nil {
				r.HelpURL = u.String()
			}
			return err
		},
		"webmail_url": func(r *Record, v string) (err error) {
			r.WebmailURL, err = settings.ParseWebmailURL(v)
			return err
		},
		"brand_color": func(r *Record, v string) (err error) {
			r.Brand.Color, err = settings.ParseColor(v)
			return err
		},
		columnLogo: func(r *Record, v string) (err error) {
			r.Brand.Logo, err = settings.ParseLogo(v)
			return err
		},
		columnLogoDark: func(r *Record, v string) (err error) {
			r.Brand.LogoDark, err = settings.ParseLogo(v)
			return err
		},
		"canonical_domain": func(r *Record, v string) (err error) {
			r.Canonical, err = address.ParseDomain(v)
			return err
		},
		"enabled": func(r *Record, v string) error {
			on, err := flag(v)
			r.Disabled = !on
			return err
		},
	}
	for _, p := range settings.Protocols() {
		if p.ByURL() {
			all[string(p)+"_url"] = func(r *Record, v string) (err error) {
				r.override(p).URL, err = settings.ParseURL(v)
				return err
			}
			continue
		}
		all[string(p)+"_host"] = func(r *Record, v string) (err error) {
			r.override(p).Host, err = settings.ParseHost(v)
			return err
		}
		all[string(p)+"_port"] = func(r *Record, v string) error {
			n, err := strconv.ParseUint(v, 10, 16)
			if err != nil || n == 0 {
				return refused("must be a number from 1 to 65535", v)
			}
			r.override(p).Port = uint16(n)
			return nil
		}
		all[string(p)+"_security"] = func(r *Record, v string) error {
			s := settings.Security(strings.ToLower(v))
			if !slices.Contains(settings.Securities(), s) {
				return wrongSecurity(v)
			}
			r.override(p).Security = s
			return nil
		}
	}
	return all
}

const columnLogo, columnLogoDark = "brand_logo", "brand_logo_dark"

const (
	maxValue = 4096                 // octets; a name or a URL is far shorter
	maxLogo  = 2 * settings.MaxLogo // as a data URL, which is longer than the picture
)

// checkValue checks the length of a value, and that it is UTF-8 if it is not a
// picture.
func checkValue(column, v string) error {
	most, picture := maxValue, column == columnLogo || column == columnLogoDark
	if picture {
		most = maxLogo
	}
	switch {
	case len(v) > most:
		return fmt.Errorf("is longer than %d octets", most)
	case !picture && !utf8.ValidString(v):
		return errors.New("is not valid UTF-8")
	}
	return nil
}

func (r *Record) override(p settings.Protocol) *Override {
	for i := range r.Overrides {
		if r.Overrides[i].Protocol == p {
			return &r.Overrides[i]
		}
	}
	r.Overrides = append(r.Overrides, Override{Protocol: p})
	return &r.Overrides[len(r.Overrides)-1]
}

// flag parses the booleans of databases and panels.
func flag(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "1", "y", "yes", "t", "true", "on", "active", "enabled":
		return true, nil
	case "0", "n", "no", "f", "false", "off", "inactive", "disabled":
		return false, nil
	}
	return false, refused("must be 1 or 0, yes or no, true or false", v)
}

// wrongSecurity names the word to write in place of one that other programs use.
func wrongSecurity(v string) error {
	const must = "must be tls, starttls or plaintext"
	for word, others := range map[settings.Security][]string{
		settings.TLS:       {"ssl", "ssl/tls", "tls/ssl", "implicit", "smtps", "imaps", "pop3s"},
		settings.STARTTLS:  {"start_tls", "start-tls", "explicit"},
		settings.Plaintext: {"none", "plain", "off", "no"},
	} {
		if slices.Contains(others, strings.ToLower(v)) {
			return fmt.Errorf("%s, is %q; write %s", must, v, word)
		}
	}
	return refused(must, v)
}

// refused returns an error that shows a value if it is a short number. Others may
// be personal.
func refused(must, v string) error {
	if n, err := strconv.Atoi(v); err == nil && n > -1_000_000 && n < 1_000_000 {
		return fmt.Errorf("%s, is %d", must, n)
	}
	return errors.New(must)
}

// ColumnNames lists all columns, sorted.
func ColumnNames() []string {
	var names []string
	for name := range columns() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Columns is the header of a result. It turns rows into records.
type Columns struct {
	names []string
	sets  []set
}

// NewColumns returns the header of a result with these columns, in any case. A
// result without columns means only that a domain exists. The error names every
// unknown or duplicate column.
func NewColumns(names []string) (Columns, error) {
	known := columns()
	var c Columns
	var errs []error
	for _, written := range names {
		name := strings.ToLower(written)
		s, ok := known[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("unknown column %q; known: %s", written, strings.Join(ColumnNames(), ", ")))
		case slices.Contains(c.names, name):
			errs = append(errs, fmt.Errorf("duplicate column %q", name))
		}
		c.names, c.sets = append(c.names, name), append(c.sets, s)
	}
	return c, errors.Join(errs...)
}

// Record reads one row: a value for each column, "" for empty or NULL. The errors
// name the column, and the value only if it cannot be personal data.
func (c Columns) Record(values []string) (Record, error) {
	if len(values) != len(c.sets) {
		return Record{}, fmt.Errorf("the row has %d values for %d columns", len(values), len(c.sets))
	}
	var r Record
	for i, v := range values {
		v = strings.TrimSpace(v)
		if v == "" {
			continue
		}
		err := checkValue(c.names[i], v)
		if err == nil {
			err = c.sets[i](&r, v)
		}
		if err != nil {
			return Record{}, fmt.Errorf("column %s: %w", c.names[i], err)
		}
	}
	return r, nil
}
