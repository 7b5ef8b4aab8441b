package importer

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/settings"
)

// Automx2 makes a settings file from the SQLite database of automx2, of any
// version since 2019. It does not write to it. The error says why the database
// cannot be read, or is ErrNothing.
func Automx2(ctx context.Context, path string) (Result, error) {
	if err := checkSQLite(path); err != nil {
		return Result{}, fmt.Errorf("%s: %w", plain(path), err)
	}
	db, err := openReadOnly(path)
	if err != nil {
		return Result{}, fmt.Errorf("%s: %w", plain(path), err)
	}
	defer func() { _ = db.Close() }() // it was only read
	a := automx2{draft: newDraft(), file: path, owners: map[string]bool{}, users: map[string]*users{}}
	if err := a.load(ctx, db); err != nil {
		return Result{}, fmt.Errorf("%s: %w", plain(path), err)
	}
	if err := a.read(ctx, db); err != nil {
		return Result{}, fmt.Errorf("%s: %w", plain(path), err)
	}
	return a.result("a database of automx2")
}

// openReadOnly opens a database that a running automx2 may be using.
func openReadOnly(path string) (*sql.DB, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	source := url.URL{Scheme: "file", OmitHost: true, Path: full, RawQuery: "mode=ro&_pragma=query_only(1)"}
	return sql.Open("sqlite", source.String())
}

// checkSQLite reports what the driver would report unclearly.
func checkSQLite(path string) error {
	head, err := readFile(path, 15)
	if err != nil {
		return errors.New(reason(err))
	}
	if !bytes.Equal(head, []byte("SQLite format 3\x00")) {
		return errors.New("not an SQLite database")
	}
	return nil
}

// automx2 is the content of a database, but for its domains: they are read one after
// the other, since there may be a million.
type automx2 struct {
	*draft
	file                                  string
	providers, servers, davservers, ldaps []row
	providersByID                         map[string]row
	linked, davLinked                     map[string]bool // ids of servers that have a domain
	hasDAV                                bool            // there are tables of DAV servers

	owners map[string]bool   // ids of providers that have a domain
	users  map[string]*users // domains of an LDAP server, by its id
}

// users are the domains whose user names come from an LDAP server.
type users struct {
	first []string
	more  int
}

// row is one row: its values as text by column. NULL is "".
type row map[string]string

func (a *automx2) load(ctx context.Context, db *sql.DB) error {
	tables, err := query(ctx, db, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
	if err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	has := func(table string) bool {
		return slices.ContainsFunc(tables, func(r row) bool { return r["name"] == table })
	}
	var domains, links, davLinks []row
	for _, t := range []struct {
		name     string
		required []string // columns; none for a table that older versions lack
		into     *[]row
	}{
		{"provider", []string{"id", "name", "short_name"}, &a.providers},
		{"domain", []string{"id", "name", "provider_id"}, &domains},
		{"server", []string{"id", "name", "port", "type", "socket_type", "user_name", "authentication"}, &a.servers},
		{"server_domain", []string{"server_id", "domain_id"}, &links},
		{"davserver", nil, &a.davservers},
		{"davserver_domain", nil, &davLinks},
		{"ldapserver", nil, &a.ldaps},
	} {
		if !has(t.name) {
			if t.required != nil {
				return fmt.Errorf("not an automx2 database: it has no table %s", t.name)
			}
			continue
		}
		text := "SELECT * FROM " + t.name
		switch t.into {
		case &domains: // for its columns
			text += " LIMIT 1"
		case &links, &davLinks:
			id := strings.Replace(t.name, "_domain", "_id", 1)
			text = "SELECT " + id + ", max(domain_id) AS domain_id FROM " + t.name + " GROUP BY " + id
		}
		if *t.into, err = query(ctx, db, text); err != nil {
			return fmt.Errorf("the table %s cannot be read: %w", t.name, err)
		}
		if len(*t.into) == 0 {
			continue
		}
		for _, column := range t.required {
			if _, ok := (*t.into)[0][column]; !ok {
				return fmt.Errorf("not an automx2 database: the table %s has no column %s", t.name, column)
			}
		}
	}
	a.providersByID, a.hasDAV = map[string]row{}, has("davserver") && has("davserver_domain")
	for _, r := range a.providers {
		a.providersByID[r["id"]] = r
	}
	a.linked, a.davLinked = idsOf(links, "server_id"), idsOf(davLinks, "davserver_id")
	return nil
}

// maxRows bounds each table but that of the domains.
const maxRows = 100_000

// query returns all rows with all columns.
func query(ctx context.Context, db *sql.DB, text string) ([]row, error) {
	var all []row
	err := each(ctx, db, text, func(r row) error {
		if all = append(all, r); len(all) > maxRows {
			return fmt.Errorf("more than %d rows; %s", maxRows, asSource)
		}
		return nil
	})
	return all, err
}

// each calls use with each row, with all columns.
func each(ctx context.Context, db *sql.DB, text string, use func(row) error) error {
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err reports failures
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values := make([]sql.NullString, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		r := make(row, len(columns))
		for i, name := range columns {
			r[name] = clean(values[i].String)
		}
		if err := use(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

func idsOf(rows []row, column string) map[string]bool {
	ids := make(map[string]bool, len(rows))
	for _, r := range rows {
		ids[r[column]] = true
	}
	return ids
}

func (a *automx2) at(table string, r row, column string) position {
	key := table + " " + plain(r["id"])
	if column != "" {
		key += ", " + column
	}
	return position{file: a.file, key: key}
}

func (a *automx2) word(table string, r row, column string) word {
	return word{a.at(table, r, column), r[column]}
}

// read adds each domain with its own servers: automx2 assigns servers to domains,
// not to providers.
func (a *automx2) read(ctx context.Context, db *sql.DB) error {
	mail, dav := a.mailServers(), a.davServers()
	text := "SELECT d.*, s.ids AS server_ids, "
	if a.hasDAV {
		text += "v.ids AS davserver_ids FROM domain d" + serversOf("davserver", "v")
	} else {
		text += "NULL AS davserver_ids FROM domain d"
	}
	text += serversOf("server", "s") + " ORDER BY d.id"
	err := each(ctx, db, text, func(r row) error {
		a.domain(r, mail, dav)
		return a.tooMany()
	})
	if err != nil {
		return err
	}
	a.directories()
	for _, r := range a.providers {
		if r["sign"] != "" && r["sign"] != "0" || r["sign_cert"] != "" || r["sign_key"] != "" {
			a.lost(a.at("provider", r, "sign"), "the key is not imported; write the certificate and the key to files and name them in signing of the provider")
		}
	}
	a.unused()
	return nil
}

// serversOf joins the ids of the servers of each domain. There is no index on
// domain_id, so that one query for each domain would read the whole table.
func serversOf(table, as string) string {
	return " LEFT JOIN (SELECT domain_id, group_concat(" + table + "_id) AS ids FROM " + table + "_domain GROUP BY domain_id) " + as + " ON " + as + ".domain_id = d.id"
}

// domain adds one domain.
func (a *automx2) domain(r row, mail, dav map[string]numbered) {
	at := a.at("domain", r, "name")
	a.owners[r["provider_id"]] = true
	if id := r["ldapserver_id"]; id != "" {
		a.uses(id, r["name"])
	}
	name, err := address.ParseDomain(r["name"])
	if err != nil {
		a.lost(at, "%s: %v; not imported", quoted(r["name"]), err)
		return
	}
	owner, ok := a.providersByID[r["provider_id"]]
	if !ok {
		a.lost(a.at("domain", r, "provider_id"), "unknown provider; %s is not imported", name)
		return
	}
	p := settings.Provider{ID: owner["short_name"], Name: owner["name"], ShortName: owner["short_name"]}
	p.Services = a.offered(r["server_ids"], mail)
	if calendars := a.offered(r["davserver_ids"], dav); len(calendars) > 0 {
		p.Services = append(p.Services, calendars...)
		p.Outlook.DAV = true // automx2 offers them by Autodiscover
	}
	if len(p.Services) == 0 {
		a.lost(at, "%s has no server that can be imported; domain not imported", name)
		return
	}
	a.add(a.at("provider", owner, ""), p, []named{{at, name}})
}

// offered returns the services with these ids, separated by commas.
func (a *automx2) offered(ids string, known map[string]numbered) []settings.Service {
	var found []numbered
	for id := range strings.SplitSeq(ids, ",") {
		if s, ok := known[id]; ok {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(x, y numbered) int { return cmp.Compare(x.rank, y.rank) })
	var all []settings.Service
	for _, s := range found {
		all = a.append(all, s.Service, s.position)
	}
	return all
}

// numbered is a service with its rank.
type numbered struct {
	service
	rank int
}

// mailServers returns the services by server id, sorted by prio.
func (a *automx2) mailServers() map[string]numbered {
	slices.SortStableFunc(a.servers, func(x, y row) int {
		return cmp.Or(compareNumbers(prio(x), prio(y)), compareNumbers(x["id"], y["id"]))
	})
	known := map[string]numbered{}
	for rank, r := range a.servers {
		p, ok := map[string]settings.Protocol{"imap": settings.IMAP, "pop": settings.POP3, "smtp": settings.Submission}[r["type"]]
		if !ok {
			a.lost(a.at("server", r, "type"), "unsupported service type %s; server not imported", quoted(r["type"]))
			continue
		}
		svc, ok := a.byHost(server{
			position: a.at("server", r, ""), protocol: p,
			host: a.word("server", r, "name"), port: a.word("server", r, "port"), socket: a.word("server", r, "socket_type"),
			user: a.word("server", r, "user_name"), schemes: []scheme{{word: a.word("server", r, "authentication")}},
		})
		if ok {
			known[r["id"]] = numbered{service{svc, a.at("server", r, "")}, rank}
		}
	}
	return known
}

// prio returns the rank of a server; versions before 2020.2 had none.
func prio(r row) string { return cmp.Or(r["prio"], "10") }

// davServers returns the calendars and address books by server id.
func (a *automx2) davServers() map[string]numbered {
	slices.SortStableFunc(a.davservers, func(x, y row) int { return compareNumbers(x["id"], y["id"]) })
	known := map[string]numbered{}
	for rank, r := range a.davservers {
		p, ok := map[string]settings.Protocol{"caldav": settings.CalDAV, "carddav": settings.CardDAV}[r["type"]]
		if !ok {
			a.lost(a.at("davserver", r, "type"), "unsupported service type %s; server not imported", quoted(r["type"]))
			continue
		}
		// There is no column for it; the clients ask for a password.
		password := scheme{word: word{a.at("davserver", r, ""), "http-basic"}}
		user := a.word("davserver", r, "user_name")
		user.text = cmp.Or(user.text, emailAddress) // NULL leaves it to the client
		svc, ok := a.byURL(webServer{position: a.at("davserver", r, ""), protocol: p, url: a.davURL(r), user: user, schemes: []scheme{password}})
		if !ok {
			continue
		}
		if secure := strings.HasPrefix(svc.URL, "https:"); r["use_ssl"] != "" && secure != (r["use_ssl"] == "1") {
			a.hint(a.at("davserver", r, "use_ssl"), "contradicts the URL; using the URL")
		}
		if r["domain_required"] == "1" {
			a.hint(a.at("davserver", r, "domain_required"), "Outlook gets the whole login name without a separate domain")
		}
		known[r["id"]] = numbered{service{svc, a.at("davserver", r, "")}, rank}
	}
	return known
}

// davURL returns the URL of a server, including the port column.
func (a *automx2) davURL(r row) word {
	w := a.word("davserver", r, "url")
	u, err := url.Parse(strings.ReplaceAll(w.text, "%", "%25")) // placeholders are no escapes
	if err != nil || r["port"] == "" || r["port"] == "0" || u.Port() != "" || u.Host == "" {
		return w
	}
	before, after, _ := strings.Cut(w.text, "://")
	host, path, slash := strings.Cut(after, "/")
	w.text = before + "://" + host + ":" + r["port"]
	if slash {
		w.text += "/" + path
	}
	return w
}

// uses notes that the user names of a domain come from an LDAP server.
func (a *automx2) uses(server, domain string) {
	const most = 5
	if a.users[server] == nil {
		a.users[server] = &users{}
	}
	if u := a.users[server]; len(u.first) < most {
		u.first = append(u.first, plain(domain))
	} else {
		u.more++
	}
}

// directories adds notes about the LDAP servers, which automx2 asks for user
// names.
func (a *automx2) directories() {
	for _, r := range a.ldaps {
		text := "no domain uses it"
		if u := a.users[r["id"]]; u != nil {
			text = "user names in " + strings.Join(u.first, ", ")
			if u.more > 0 {
				text += " and " + strconv.Itoa(u.more) + " more domains"
			}
			text += " came from it; using those of the servers"
		}
		a.lost(a.at("ldapserver", r, ""), "LDAP server not imported: %s", text)
	}
}

// unused adds notes about rows that belong to no domain.
func (a *automx2) unused() {
	for _, t := range []struct {
		name string
		rows []row
		used map[string]bool
	}{
		{"server", a.servers, a.linked},
		{"davserver", a.davservers, a.davLinked},
		{"provider", a.providers, a.owners},
	} {
		for _, r := range t.rows {
			if !t.used[r["id"]] {
				a.lost(a.at(t.name, r, ""), "no domain uses it; not imported")
			}
		}
	}
}

// compareNumbers compares decimal numbers; anything else sorts last.
func compareNumbers(x, y string) int {
	n, errX := strconv.Atoi(x)
	m, errY := strconv.Atoi(y)
	switch {
	case errX != nil && errY != nil:
		return cmp.Compare(x, y)
	case errX != nil:
		return 1
	case errY != nil:
		return -1
	}
	return cmp.Compare(n, m)
}
