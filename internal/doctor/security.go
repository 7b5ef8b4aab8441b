package doctor

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/waymark-mail/waymark/internal/clients/client"
	"github.com/waymark-mail/waymark/internal/dnslookup"
)

// security examines the records that protect the mail of the domain. They break no
// client.
func (x *examination) security(ctx context.Context) {
	exchangers := x.exchangers(ctx)
	x.spf(ctx)
	x.dkim(ctx)
	policy := x.dmarc(ctx)
	x.mtaSTS(ctx, exchangers)
	x.tlsReports(ctx)
	x.dane(ctx, exchangers)
	x.bimi(ctx, policy)
	x.authorities(ctx)
}

func (x *examination) noted(id, where, fix, format string, args ...any) {
	x.book.add(fault{id, where, fmt.Sprintf(format, args...), fix}, "")
}

// texts returns the TXT records of a name that begin with a version tag. It
// reports a failed lookup as a finding.
func (x *examination) texts(ctx context.Context, name, version string) []string {
	answer, err := x.net.lookup(ctx, name, dnslookup.TXT)
	if err != nil {
		x.noted("dns-failure", name, "Make the name servers of "+x.domain+" answer.", "%v", err)
		return nil
	}
	return slices.DeleteFunc(answer.Texts(version), func(text string) bool {
		rest := text[len(version):]
		return rest != "" && rest[0] != ' ' && rest[0] != ';'
	})
}

func (x *examination) exchangers(ctx context.Context) []string {
	answer, err := x.net.lookup(ctx, x.domain, dnslookup.MX)
	if err != nil {
		return nil
	}
	if len(answer.Records) == 0 {
		x.noted("mx-missing", x.domain, fmt.Sprintf("Publish %s. MX 10 and the host that receives mail.", x.domain), "the domain has no MX record")
		return nil
	}
	var hosts []string
	for _, r := range answer.Records {
		where := x.domain + " MX " + r.Target
		if r.Target == "." {
			x.noted("mx-null", where, "Remove the null MX record, and publish the host that receives mail.", "the domain declares that it receives no mail (RFC 7505)")
			continue
		}
		hosts = append(hosts, r.Target)
		if _, err := netip.ParseAddr(r.Target); err == nil {
			x.noted("mx-no-address", where, "Publish an MX record with a host name, and an address record for that name.", "the mail exchanger is an IP address, and must be a host name")
			continue
		}
		a, errA := x.net.lookup(ctx, r.Target, dnslookup.A)
		aaaa, errAAAA := x.net.lookup(ctx, r.Target, dnslookup.AAAA)
		switch {
		case errA != nil || errAAAA != nil:
			x.noted("dns-failure", r.Target, "Make the name servers of "+r.Target+" answer.", "its addresses cannot be looked up")
		case len(a.Records)+len(aaaa.Records) == 0:
			x.noted("mx-no-address", where, fmt.Sprintf("Publish an address for %s, or remove the MX record.", r.Target), "the mail exchanger has no address")
		case len(a.Aliases) > 0:
			x.noted("mx-alias", where, fmt.Sprintf("Publish %s. MX %d %s.", x.domain, r.Priority, a.Aliases[len(a.Aliases)-1]), "the mail exchanger is an alias, which RFC 2181 forbids")
		}
	}
	return hosts
}

// maxSPFLookups is the limit of RFC 7208 section 4.6.4.
const maxSPFLookups = 10

func (x *examination) spf(ctx context.Context) {
	records := x.texts(ctx, x.domain, "v=spf1")
	switch len(records) {
	case 0:
		x.noted("spf-missing", x.domain, fmt.Sprintf("Publish %s. TXT \"v=spf1 mx -all\", with your sending servers in place of mx if they differ.", x.domain), "the domain has no SPF record")
		return
	case 1:
	default:
		x.noted("spf-multiple", x.domain, "Merge them into one record: receivers treat two as an error.", "the domain has %d SPF records", len(records))
		return
	}
	lookups := 0
	x.spfRecord(ctx, x.domain, records[0], &lookups, 0)
	if lookups > maxSPFLookups {
		x.noted("spf-too-many-lookups", x.domain, "Remove include, a and mx mechanisms that you do not need, or replace them by ip4 and ip6.", "the SPF record needs %d DNS lookups, and receivers stop at %d", lookups, maxSPFLookups)
	}
}

// spfRecord checks the terms of a record, and counts its lookups and those of the
// records that it includes.
func (x *examination) spfRecord(ctx context.Context, domain, record string, lookups *int, depth int) {
	const maxDepth = 10
	ends := false
	for _, term := range strings.Fields(record)[1:] {
		term = strings.ToLower(term)
		mechanism := strings.TrimLeft(term, "+-~?")
		name, value, _ := strings.Cut(mechanism, ":")
		if modifier, to, ok := strings.Cut(mechanism, "="); ok && !strings.Contains(modifier, ":") && !strings.Contains(modifier, "/") {
			name, value = modifier+"=", to
		}
		name, _, _ = strings.Cut(name, "/")
		switch name {
		case "ip4", "ip6":
			if _, err := netip.ParseAddr(value); err != nil {
				if _, err := netip.ParsePrefix(value); err != nil {
					x.noted("spf-invalid", domain, "Correct the address.", "%q is not an address or network", term)
				}
			}
		case "all":
			ends = true
			if term[0] == '+' || term[0] == 'a' {
				x.noted("spf-allows-all", domain, "End the record with -all or ~all.", "the SPF record allows every server to send mail of the domain")
			}
		case "a", "mx", "ptr", "exists":
			*lookups++
		case "include", "redirect=":
			*lookups++
			ends = ends || name == "redirect="
			if *lookups > 2*maxSPFLookups || depth > maxDepth || strings.Contains(value, "%") {
				continue
			}
			included := x.texts(ctx, value, "v=spf1")
			if len(included) != 1 {
				x.noted("spf-include-broken", domain, "Correct the name, or remove the term.", "%s has %d SPF records, which makes the whole record an error", value, len(included))
				continue
			}
			x.spfRecord(ctx, value, included[0], lookups, depth+1)
		case "exp=":
		default:
			if !strings.HasSuffix(name, "=") { // unknown modifiers are ignored
				x.noted("spf-invalid", domain, "Correct or remove the term: receivers treat the record as an error.", "%q is not a term of SPF", term)
			}
		}
	}
	if !ends && depth == 0 {
		x.noted("spf-no-all", domain, "End the record with -all or ~all.", "the SPF record does not say what to do with other servers")
	}
}

func (x *examination) dkim(ctx context.Context) {
	for _, selector := range x.options.Selectors {
		name := selector + "._domainkey." + x.domain
		answer, err := x.net.lookup(ctx, name, dnslookup.TXT)
		if err != nil {
			x.noted("dns-failure", name, "Make the name servers of "+x.domain+" answer.", "%v", err)
			continue
		}
		if len(answer.Records) == 0 {
			x.noted("dkim-missing", name, "Publish the key that the mail server signs with.", "there is no DKIM key")
			continue
		}
		x.dkimKey(name, answer.Records[0].Text)
	}
}

func (x *examination) dkimKey(name, text string) {
	tags, ok := readTags(text)
	key, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(tags["p"]), ""))
	switch {
	case !ok || tags["v"] != "" && tags["v"] != "DKIM1" || err != nil:
		x.noted("dkim-invalid", name, "Publish the record again as the mail server prints it.", "the DKIM key cannot be read")
		return
	case tags["p"] == "":
		x.noted("dkim-revoked", name, "Sign with another selector, or publish the key.", "the DKIM key is revoked (an empty p=)")
		return
	case tags["k"] != "" && tags["k"] != "rsa":
		return
	}
	public, err := x509.ParsePKIXPublicKey(key)
	modulus, isRSA := public.(*rsa.PublicKey)
	if err != nil || !isRSA {
		x.noted("dkim-invalid", name, "Publish the record again as the mail server prints it.", "the DKIM key cannot be read")
		return
	}
	if bits := modulus.N.BitLen(); bits < 1024 {
		x.noted("dkim-weak-key", name, "Make a key of 2048 bits.", "the DKIM key has %d bits, which receivers ignore", bits)
	}
}

// dmarc returns the policy of the domain; "" without one.
func (x *examination) dmarc(ctx context.Context) string {
	name := "_dmarc." + x.domain
	records := x.texts(ctx, name, "v=DMARC1")
	if organization, err := publicsuffix.EffectiveTLDPlusOne(x.domain); len(records) == 0 && err == nil && organization != x.domain {
		name = "_dmarc." + organization
		records = x.texts(ctx, name, "v=DMARC1")
	}
	switch len(records) {
	case 0:
		x.noted("dmarc-missing", name, fmt.Sprintf("Publish %s. TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@%s\"", name, x.domain), "the domain has no DMARC record")
		return ""
	case 1:
	default:
		x.noted("dmarc-multiple", name, "Keep one of them: receivers ignore all.", "the domain has %d DMARC records", len(records))
		return ""
	}
	tags, ok := readTags(records[0])
	policy := strings.ToLower(tags["p"])
	switch {
	case !ok || !slices.Contains([]string{"none", "quarantine", "reject"}, policy):
		x.noted("dmarc-invalid", name, "Publish a record such as \"v=DMARC1; p=quarantine\".", "the DMARC record has no valid policy p=")
	case policy == "none":
		x.noted("dmarc-none", name, "When the reports show no surprise, change the policy to p=quarantine or p=reject.", "the DMARC policy is none: receivers deliver forged mail")
	}
	return policy
}

func (x *examination) mtaSTS(ctx context.Context, exchangers []string) {
	name := "_mta-sts." + x.domain
	records := x.texts(ctx, name, "v=STSv1")
	if len(records) == 0 {
		x.noted("mta-sts-missing", name, "Publish an MTA-STS policy, beginning with the mode testing.", "the domain has no MTA-STS policy: servers that send to it accept any certificate")
		return
	}
	tags, ok := readTags(records[0])
	if len(records) > 1 || !ok || tags["id"] == "" || len(tags["id"]) > 32 {
		x.noted("mta-sts-record-invalid", name, fmt.Sprintf("Publish one record: %s. TXT \"v=STSv1; id=1\"", name), "the MTA-STS record is not exactly one with an id of at most 32 characters")
	}
	at := "https://mta-sts." + x.domain + "/.well-known/mta-sts.txt"
	a := x.web.askOnly(ctx, client.Get(client.Domain, at)) // RFC 8461 section 3.3: no redirects
	if a.fault != nil || a.status != http.StatusOK {
		seen := a.summary()
		x.noted("mta-sts-policy-missing", at, "Serve the policy there with status 200 and a valid certificate, or remove "+name+".", "the policy cannot be fetched: %s", seen)
		return
	}
	var version, mode string
	var patterns []string
	age := false
	for line := range strings.Lines(string(a.body)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "version":
			version = value
		case "mode":
			mode = value
		case "mx":
			patterns = append(patterns, strings.ToLower(value))
		case "max_age":
			_, err := strconv.ParseUint(value, 10, 32)
			age = err == nil
		}
	}
	if version != "STSv1" || !slices.Contains([]string{"enforce", "testing", "none"}, mode) || !age || mode != "none" && len(patterns) == 0 {
		x.noted("mta-sts-policy-invalid", at, "Serve version: STSv1, a mode, max_age and an mx line for each mail exchanger.", "the policy is incomplete or cannot be read")
		return
	}
	for _, host := range exchangers {
		_, parent, _ := strings.Cut(host, ".")
		if mode != "none" && !slices.Contains(patterns, host) && !slices.Contains(patterns, "*."+parent) {
			x.noted("mta-sts-mx-mismatch", at, fmt.Sprintf("Add the line \"mx: %s\" to the policy, and change the id in %s.", host, name), "the policy does not list the mail exchanger %s: with the mode enforce, mail is not delivered to it", host)
		}
	}
}

func (x *examination) tlsReports(ctx context.Context) {
	name := "_smtp._tls." + x.domain
	records := x.texts(ctx, name, "v=TLSRPTv1")
	if len(records) == 0 {
		x.noted("tls-rpt-missing", name, fmt.Sprintf("Publish %s. TXT \"v=TLSRPTv1; rua=mailto:tls-reports@%s\"", name, x.domain), "nobody gets reports about failures of TLS")
		return
	}
	tags, ok := readTags(records[0])
	if len(records) > 1 || !ok || !strings.HasPrefix(tags["rua"], "mailto:") && !strings.HasPrefix(tags["rua"], "https:") {
		x.noted("tls-rpt-invalid", name, fmt.Sprintf("Publish one record: %s. TXT \"v=TLSRPTv1; rua=mailto:tls-reports@%s\"", name, x.domain), "the record is not exactly one with rua=mailto: or rua=https:")
	}
}

// dane checks TLSA records of the mail exchangers, without a connection: many
// networks block port 25.
func (x *examination) dane(ctx context.Context, exchangers []string) {
	for _, host := range exchangers {
		name := "_25._tcp." + host
		answer, err := x.net.lookup(ctx, name, dnslookup.TLSA)
		if err != nil || len(answer.Records) == 0 {
			continue
		}
		if !answer.Validated {
			x.noted("dane-not-validated", name, "Sign the zone by DNSSEC, or remove the TLSA records. If it is signed, pass a resolver that validates to --resolver.", "there are TLSA records, which senders ignore without DNSSEC")
		}
		for _, r := range answer.Records {
			if r.Association.Usage < 2 {
				x.noted("dane-invalid", name, "Publish TLSA records with the usage 2 or 3.", "a TLSA record has the usage %d, which senders of mail ignore (RFC 7672)", r.Association.Usage)
			}
		}
	}
}

func (x *examination) bimi(ctx context.Context, policy string) {
	name := "default._bimi." + x.domain
	records := x.texts(ctx, name, "v=BIMI1")
	if len(records) == 0 {
		return // a picture is no protection
	}
	tags, ok := readTags(records[0])
	switch logo := tags["l"]; {
	case len(records) > 1 || !ok || logo != "" && !strings.HasPrefix(logo, "https://"):
		x.noted("bimi-invalid", name, "Publish one record: \"v=BIMI1; l=https://…/logo.svg\".", "the BIMI record is not exactly one with an https URL")
	case logo != "" && policy != "quarantine" && policy != "reject":
		x.noted("bimi-needs-dmarc", name, "Set the DMARC policy to quarantine or reject.", "the logo is not shown: the DMARC policy is neither quarantine nor reject")
	}
}

// authorities checks CAA, which is searched at the domain and its parents
// (RFC 8659 section 3).
func (x *examination) authorities(ctx context.Context) {
	for name := x.domain; strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
		answer, err := x.net.lookup(ctx, name, dnslookup.CAA)
		if err != nil {
			x.noted("dns-failure", name, "Make the name servers of "+x.domain+" answer for CAA: authorities refuse certificates otherwise.", "%v", err)
			return
		}
		if len(answer.Records) == 0 {
			continue
		}
		allowed, issue := false, false
		for _, r := range answer.Records {
			if r.Tag == "issue" {
				authority, _, _ := strings.Cut(r.Text, ";")
				issue, allowed = true, allowed || strings.TrimSpace(authority) != ""
			}
		}
		if issue && !allowed {
			x.noted("caa-forbids-all", name, fmt.Sprintf("Publish %s. CAA 0 issue \"letsencrypt.org\", or the name of your authority.", name), "no authority may issue certificates for names below the domain")
		}
		return
	}
	x.noted("caa-missing", x.domain, fmt.Sprintf("Publish %s. CAA 0 issue \"letsencrypt.org\", or the name of your authority.", x.domain), "every authority may issue certificates for the domain")
}
