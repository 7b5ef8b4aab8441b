package source

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// set puts the value of one column into a record. The value is not empty.
type set func(*Record, string) error

// columns returns what each column means.
func columns() map[string]set {
	all := map[string]set{
		"provider":     func(r *Record, v string) error { r.Provider = v; return nil },
		"login":        func(r *Record, v string) error { r.Login = v; return nil },
		"display_name": func(r *Record, v string) error { r.Name = v; return nil },
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
				return errors.New("must be a number from 1 to 65535")
			}
			r.override(p).Port = uint16(n)
			return nil
		}
		all[string(p)+"_security"] = func(r *Record, v string) error {
			s := settings.Security(strings.ToLower(v))
			if !slices.Contains(settings.Securities(), s) {
				return errors.New("must be tls, starttls or plaintext")
			}
			r.override(p).Security = s
			return nil
		}
	}
	return all
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

// flag reads the ways in which databases and panels write a switch.
func flag(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "1", "y", "yes", "t", "true", "on", "active", "enabled":
		return true, nil
	case "0", "n", "no", "f", "false", "off", "inactive", "disabled":
		return false, nil
	}
	return false, errors.New("must be 1 or 0, yes or no, true or false")
}

// ColumnNames lists every column that a result may have, in order.
func ColumnNames() []string {
	var names []string
	for name := range columns() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Columns is the head of a result: it turns rows into records.
type Columns struct {
	names []string
	sets  []set
}

// NewColumns returns the head of a result with these columns, in any case. A
// result without columns says of a domain that it exists, and no more. The
// errors name every column that is unknown or there twice.
func NewColumns(names []string) (Columns, error) {
	known := columns()
	var c Columns
	var errs []error
	for _, written := range names {
		name := strings.ToLower(written)
		s, ok := known[name]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("unknown column %q; known are %s", written, strings.Join(ColumnNames(), ", ")))
		case slices.Contains(c.names, name):
			errs = append(errs, fmt.Errorf("the column %q is there twice", name))
		}
		c.names, c.sets = append(c.names, name), append(c.sets, s)
	}
	return c, errors.Join(errs...)
}

// Record reads one row: a value for each column, "" for what is empty or NULL.
// The errors name the column, never the value, which may be a person's.
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
		if err := c.sets[i](&r, v); err != nil {
			return Record{}, fmt.Errorf("column %s: %w", c.names[i], err)
		}
	}
	return r, nil
}
