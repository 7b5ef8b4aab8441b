package doctor

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/waymark-mail/waymark/internal/dnslookup"
	"github.com/waymark-mail/waymark/internal/sign"
	"github.com/waymark-mail/waymark/test/certtest"
)

const (
	autoconfigURL   = "https://autoconfig.example.com/mail/config-v1.1.xml"
	autodiscoverURL = "https://autodiscover.example.com/autodiscover/autodiscover.xml"
	profileURL      = "https://autoconfig.example.com/profile.mobileconfig"
	paccURL         = "https://ua-auto-config.example.com/.well-known/user-agent-configuration.json"
	jmapURL         = "https://dav.example.com/.well-known/jmap"
	resourceURL     = "https://dav.example.com/.well-known/oauth-protected-resource/calendars/"
	policyURL       = "https://mta-sts.example.com/.well-known/mta-sts.txt"
	page            = "<!DOCTYPE html><html><title>Welcome</title></html>"
)

// planted is a fault of the world, and how the doctor must call it. No other
// finding may appear.
type planted struct {
	name  string
	fault func(*world)
	id    string
	// breaks are the clients to blame, separated by commas; "" for none.
	breaks string
	// also are further findings that follow from the fault, as "id: clients".
	also []string
	// sections replace those of the group.
	sections []string
}

// examining sets the sections of a group of faults, so that each test asks little.
func examining(all []planted, sections ...string) []planted {
	for i := range all {
		if all[i].sections == nil {
			all[i].sections = sections
		}
	}
	return all
}

// certificate returns one for the hosts, changed.
func certificate(host string, changes ...certtest.Change) tls.Certificate {
	above := trusted().intermediate
	return certtest.Certify("Test Server", certtest.NewKey(), &above, append([]certtest.Change{certtest.Hosts(host)}, changes...)...).TLS(above)
}

func valid(from, to time.Duration) certtest.Change {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

const day = 24 * time.Hour

func TestPlantedFaults(t *testing.T) {
	for _, p := range allPlanted() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if p.breaks == "PACC" || p.breaks == "Apple Mail" {
				w.options.Clients = []string{"PACC", "Apple Mail", "Thunderbird"} // the others have other documents
			}
			w.options.Sections = p.sections
			p.fault(w)
			report := w.examine()
			want := append([]string{p.id + ": " + p.breaks}, p.also...)
			var got []string
			for _, f := range report.Findings {
				got = append(got, f.ID+": "+strings.Join(f.Breaks, ","))
				if f.Fix == "" || f.Seen == "" || f.Where == "" || f.Severity == "" {
					t.Errorf("incomplete: %+v", f)
				}
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				for _, f := range report.Findings {
					t.Logf("%s at %s: %s", f.ID, f.Where, f.Seen)
				}
			}
			wantConsistent(t, report)
		})
	}
}

func allPlanted() []planted {
	return slices.Concat(
		examining(documentFaults(), sectionClients),
		examining(conformanceFaults(), sectionClients),
		examining(collectionFaults(), sectionClients, sectionDAV),
		examining(certificateFaults(), sectionClients, sectionServers),
		examining(serverFaults(), sectionClients, sectionServers, sectionRecords),
		examining(recordFaults(), sectionClients, sectionServers, sectionRecords),
		examining(securityFaults(), sectionSecurity),
	)
}

// wantConsistent compares the findings with the verdicts.
func wantConsistent(t *testing.T, report Report) {
	t.Helper()
	for _, v := range report.Verdicts {
		if (v.Verdict == Works) != (len(v.Findings) == 0) {
			t.Errorf("%s %s with %v", v.Client, v.Verdict, v.Findings)
		}
		for _, f := range report.Findings {
			if slices.Contains(f.Breaks, v.Client) && !slices.Contains(v.Findings, f.ID) {
				t.Errorf("%s is not blamed on %s", v.Client, f.ID)
			}
		}
	}
}

const (
	// fromAutoconfig are the clients that have nothing but autoconfig here.
	fromAutoconfig = "Thunderbird for Android,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail"
	fromOutlook    = "Outlook,eM Client"
	withDAV        = "Thunderbird,GNOME Online Accounts,DAVx5"
)

func documentFaults() []planted {
	mail := []string{sectionClients, sectionServers, sectionRecords}
	var all []planted
	for _, d := range []struct {
		kind, host, at, clients, notID string
	}{
		{"pacc", "ua-auto-config.example.com", paccURL, "PACC", "pacc-not-json"},
		{"profile", "", profileURL, "Apple Mail", "profile-not-plist"},
	} {
		all = append(all,
			planted{name: d.kind + ": an HTML page", id: d.notID, breaks: d.clients, fault: func(w *world) { w.respond(d.at, 200, "text/html", page) }},
			planted{name: d.kind + ": 204", id: d.kind + "-empty", breaks: d.clients, fault: func(w *world) { w.respond(d.at, 204, "", "") }},
			planted{name: d.kind + ": 401", id: d.kind + "-requires-password", breaks: d.clients, fault: func(w *world) { w.respond(d.at, 401, "", "") }},
			planted{name: d.kind + ": 404", id: d.kind + "-missing", breaks: d.clients, fault: func(w *world) { w.respond(d.at, 404, "text/plain", "no") }},
			planted{name: d.kind + ": 503", id: d.kind + "-http-error", breaks: d.clients, fault: func(w *world) { w.respond(d.at, 503, "text/plain", "no") }},
			planted{name: d.kind + ": a wrong content type", id: d.kind + "-wrong-content-type", breaks: d.clients, fault: func(w *world) {
				w.respond(d.at, 200, "application/octet-stream", w.document("https://ua-auto-config.example.com/.well-known/user-agent-configuration.json"))
			}},
			planted{name: d.kind + ": a redirect loop", id: d.kind + "-redirect-loop", breaks: d.clients, fault: func(w *world) { w.redirect(d.at, d.at) }},
			planted{name: d.kind + ": no answer", id: d.kind + "-slow", breaks: d.clients, fault: func(w *world) { w.silence(d.at) }},
			planted{name: d.kind + ": more than 1 MiB", id: d.kind + "-too-large", breaks: d.clients, fault: func(w *world) { w.respond(d.at, 200, "application/json", large) }},
			planted{name: d.kind + ": not HTTP", id: d.kind + "-broken-answer", breaks: d.clients, fault: func(w *world) { w.answers[d.at] = abort }},
			planted{name: d.kind + ": a redirect to nowhere", id: d.kind + "-redirect-broken", breaks: d.clients, fault: func(w *world) { w.redirect(d.at, "ftp://example.com/") }},
		)
	}
	everywhere := func(w *world, plant func(at string)) { // all URLs of autoconfig of the domain
		for _, scheme := range []string{"https", "http"} {
			for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/mail-v1.xml"} {
				plant(scheme + "://autoconfig.example.com" + path)
			}
		}
	}
	return append(all,
		planted{name: "autoconfig: the name does not exist", id: "autoconfig-missing", breaks: fromAutoconfig, also: []string{"profile-missing: Apple Mail"},
			fault: func(w *world) {
				w.dns.Remove("autoconfig.example.com")
				w.unlead("autoconfig.example.com:443")
				w.unlead("autoconfig.example.com:80")
			}},
		planted{name: "autoconfig: the alias leads nowhere", id: "dangling-alias", breaks: "Thunderbird for Android,Apple Mail,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail",
			fault: func(w *world) {
				w.dns.Remove("autoconfig.example.com")
				w.dns.Add(w.t, "autoconfig.example.com. IN CNAME gone.example.net.")
				w.unlead("autoconfig.example.com:443")
				w.unlead("autoconfig.example.com:80")
			}},
		planted{name: "autoconfig: the address is private", id: "private-address", breaks: "Thunderbird for Android,Apple Mail,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail",
			fault: func(w *world) {
				w.dns.Remove("autoconfig.example.com")
				w.dns.Add(w.t, "autoconfig.example.com. IN A 127.0.0.1")
				w.unlead("autoconfig.example.com:443")
				w.unlead("autoconfig.example.com:80")
			}},
		planted{name: "autoconfig: the name servers fail", id: "dns-failure", breaks: "Thunderbird for Android,Apple Mail,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail",
			fault: func(w *world) {
				w.dns.Fail("autoconfig.example.com", "SERVFAIL")
				w.unlead("autoconfig.example.com:443")
				w.unlead("autoconfig.example.com:80")
			}},
		planted{name: "autoconfig: nothing listens", id: "unreachable", breaks: "Thunderbird for Android,Apple Mail,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail",
			fault: func(w *world) {
				w.options.ConnectTo["autoconfig.example.com:443"] = []netip.AddrPort{closed()}
				w.options.ConnectTo["autoconfig.example.com:80"] = []netip.AddrPort{closed()}
			}},
		planted{name: "autoconfig: an HTML page at the https URLs", id: "autoconfig-not-xml", breaks: "Delta Chat",
			fault: func(w *world) {
				w.respond("https://autoconfig.example.com/mail/config-v1.1.xml", 200, "text/html; charset=utf-8", page)
				w.rewrite("http://autoconfig.example.com/mail/config-v1.1.xml", same)
			}, also: []string{"autoconfig-plain-http: Thunderbird for Android"}},
		planted{name: "autoconfig: an HTML page everywhere", id: "autoconfig-not-xml", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.respond(at, 200, "text/html", page) }) }},
		planted{name: "autoconfig: 204 everywhere", id: "autoconfig-empty", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.respond(at, 204, "", "") }) }},
		planted{name: "autoconfig: 401 everywhere", id: "autoconfig-requires-password", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.respond(at, 401, "text/plain", "no") }) }},
		planted{name: "autoconfig: 503 everywhere", id: "autoconfig-http-error", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.respond(at, 503, "text/plain", "no") }) }},
		planted{name: "autoconfig: a wrong content type", id: "autoconfig-wrong-content-type", breaks: "",
			fault: func(w *world) {
				w.respond("https://autoconfig.example.com/mail/config-v1.1.xml", 200, "application/octet-stream", w.document(autoconfigURL+"?emailaddress=anna@example.com"))
			}},
		planted{name: "autoconfig: a redirect loop", id: "autoconfig-redirect-loop", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.redirect(at, at) }) }},
		planted{name: "autoconfig: more than 1 MiB", id: "autoconfig-too-large", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.respond(at, 200, "text/xml", large) }) }},
		planted{name: "autoconfig: no answer", id: "autoconfig-slow", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, w.silence) }},
		planted{name: "autoconfig: not HTTP", id: "autoconfig-broken-answer", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.answers[at] = abort }) }},
		planted{name: "autoconfig: a redirect to nowhere", id: "autoconfig-redirect-broken", breaks: fromAutoconfig,
			fault: func(w *world) { everywhere(w, func(at string) { w.redirect(at, "ftp://example.com/") }) }},
		planted{name: "autoconfig: no server for sending", id: "autoconfig-incomplete", breaks: "Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail",
			also: []string{"autoconfig-unreadable: ", "autoconfig-unreadable: SnappyMail", "autoconfig-unreadable: Thunderbird for Android", "conformance-11: "},
			fault: func(w *world) {
				everywhere(w, func(at string) {
					w.rewrite(at, func(s string) string {
						incoming, _, _ := strings.Cut(s, "<outgoingServer")
						return incoming + "</emailProvider></clientConfig>"
					})
				})
			}},
		planted{name: "autoconfig: http only", id: "autoconfig-http-only", breaks: "Delta Chat",
			fault: func(w *world) {
				w.respond("https://autoconfig.example.com", 404, "text/plain", "no")
				w.rewrite("http://autoconfig.example.com/mail/config-v1.1.xml", same)
			}, also: []string{"autoconfig-plain-http: Thunderbird for Android", "profile-missing: Apple Mail"}},
		planted{name: "autoconfig: an error page in XML", id: "autoconfig-error-is-xml", breaks: "KMail",
			fault: func(w *world) {
				w.respond("http://autoconfig.example.com/mail/config-v1.1.xml", 404, "text/xml", "<error/>")
			}},
		planted{name: "autoconfig: an attribute at a host name", id: "autoconfig-unreadable", breaks: "",
			fault: func(w *world) {
				w.rewrite(autoconfigURL, func(s string) string { return strings.ReplaceAll(s, "<hostname>", `<hostname x="">`) })
			}, also: []string{"conformance-12: "}},
		planted{name: "autoconfig: a server element with another attribute", id: "autoconfig-unreadable", breaks: "Evolution",
			fault: func(w *world) {
				for _, at := range []string{autoconfigURL, "http://autoconfig.example.com/mail/config-v1.1.xml"} {
					w.rewrite(at, func(s string) string { return strings.ReplaceAll(s, `type="imap"`, `type="imap" x="y"`) })
				}
			}, also: []string{"conformance-12: "}},
		planted{name: "autoconfig: plaintext for sending", id: "autoconfig-unreadable", breaks: "Thunderbird for Android",
			fault: func(w *world) {
				w.dns.Remove("_submissions._tcp.example.com")
				w.dns.Remove("_submission._tcp.example.com")
				w.mail["smtp.example.com:587"].before = "AUTH PLAIN"
				for _, at := range []string{autoconfigURL, "http://autoconfig.example.com/mail/config-v1.1.xml", "https://autoconfig.example.com/.well-known/mail-v1.xml"} {
					w.rewrite(at, func(s string) string {
						incoming, outgoing, _ := strings.Cut(s, "<outgoingServer")
						return incoming + "<outgoingServer" + strings.NewReplacer("465", "587", "SSL", "plain").Replace(outgoing)
					})
				}
			}, sections: mail, also: []string{"plaintext-advertised: Thunderbird,Evolution,GNOME Online Accounts,KMail,Delta Chat,Nextcloud Mail,SnappyMail", "starttls-missing: FairEmail", "conformance-14: "}},
		planted{name: "autoconfig: the user name in other words", id: "login-not-named", breaks: "GNOME Online Accounts",
			fault: func(w *world) {
				for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/mail-v1.xml"} {
					w.rewrite("https://autoconfig.example.com"+path, func(s string) string {
						return strings.ReplaceAll(s, "%EMAILADDRESS%", "%EMAILLOCALPART%@%EMAILDOMAIN%")
					})
				}
			}, also: []string{"conformance-15: "}},
		planted{name: "autoconfig: another host than in the other formats", id: "formats-disagree", breaks: "",
			fault: func(w *world) {
				for _, path := range []string{"/mail/config-v1.1.xml", "/.well-known/mail-v1.xml"} {
					w.rewrite("https://autoconfig.example.com"+path, func(s string) string {
						return strings.ReplaceAll(s, "smtp.example.com", "imap.example.com")
					})
				}
				w.mail["imap.example.com:465"], w.mail["imap.example.com:587"] = w.mail["smtp.example.com:465"].copy(), w.mail["smtp.example.com:587"].copy()
			}, sections: mail, also: []string{"formats-disagree: ", "formats-disagree: "}},
		planted{name: "autodiscover: the name does not exist", id: "autodiscover-missing", breaks: "eM Client", fault: func(w *world) {
			w.dns.Remove("autodiscover.example.com")
			w.unlead("autodiscover.example.com:443")
			w.unlead("autodiscover.example.com:80")
		}},
		planted{name: "autodiscover: only the redirect over http", id: "autodiscover-plain-http", breaks: "Outlook", fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.respond("https://autodiscover.example.com", 404, "text/plain", "no")
			w.redirect("http://autodiscover.example.com/autodiscover/autodiscover.xml", "https://waymark.example.net/autodiscover/autodiscover.xml")
		}, also: []string{"autodiscover-missing: eM Client"}},
		planted{name: "autodiscover: 401", id: "autodiscover-requires-password", breaks: "eM Client", fault: func(w *world) { w.outlook(func(at string) { w.respond(at, 401, "", "") }) }},
		planted{name: "autodiscover: 204", id: "autodiscover-empty", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(func(at string) { w.respond(at, 204, "", "") }) }},
		planted{name: "autodiscover: 503", id: "autodiscover-http-error", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(func(at string) { w.respond(at, 503, "text/plain", "no") }) }},
		planted{name: "autodiscover: a redirect to nowhere", id: "autodiscover-redirect-broken", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(func(at string) { w.redirect(at, "ftp://example.com/") }) }},
		planted{name: "autodiscover: no answer", id: "autodiscover-slow", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(w.silence) }},
		planted{name: "autodiscover: more than 1 MiB", id: "autodiscover-too-large", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(func(at string) { w.respond(at, 200, "text/xml", large) }) }},
		planted{name: "autodiscover: not HTTP", id: "autodiscover-broken-answer", breaks: fromOutlook, fault: func(w *world) { w.onlyOutlook(func(at string) { w.answers[at] = abort }) }},
		planted{name: "autodiscover: a wrong content type", id: "autodiscover-wrong-content-type", breaks: "Thunderbird", fault: func(w *world) {
			w.options.Clients = []string{"Thunderbird", "Outlook"}
			w.respond("https://autoconfig.example.com", 404, "text/plain", "no")
			w.respond("http://autoconfig.example.com", 404, "text/plain", "no")
			w.onlyOutlook(func(at string) {
				w.answers[at] = func(rw http.ResponseWriter, r *http.Request) {
					rec := httptest.NewRecorder()
					w.waymark.ServeHTTP(rec, r)
					rw.Header().Set("Content-Type", "application/octet-stream")
					_, _ = rw.Write(rec.Body.Bytes())
				}
			})
		}},
		planted{name: "autodiscover: an HTML page", id: "autodiscover-not-xml", breaks: fromOutlook, fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.respond("https://autodiscover.example.com", 200, "text/html", page)
		}},
		planted{name: "autodiscover: an HTML page of the website", id: "autodiscover-missing", breaks: fromOutlook, fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.respond("https://autodiscover.example.com", 404, "text/plain", "no")
			w.respond("https://example.com", 200, "text/html", page)
		}},
		planted{name: "autodiscover: an error document", id: "autodiscover-unreadable", breaks: fromOutlook, fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.outlook(func(at string) {
				w.respond(at, 200, "text/xml", `<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response><Error Time="00:00:00.0000000" Id="1"><ErrorCode>600</ErrorCode><Message/><DebugData/></Error></Response></Autodiscover>`)
			})
		}},
		planted{name: "autodiscover: an Exchange block", id: "autodiscover-unreadable", breaks: fromOutlook, fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.rewriteOutlook(func(s string) string { return strings.Replace(s, "<Type>IMAP", "<Type>EXCH", 1) })
		}},
		planted{name: "autodiscover: a redirect loop", id: "autodiscover-redirect-loop", breaks: fromOutlook, fault: func(w *world) {
			w.dns.Remove("_autodiscover._tcp.example.com")
			w.outlook(func(at string) { w.redirect(at, at) })
		}},
		planted{name: "autodiscover: the wrong Encryption", id: "security-port-mismatch", breaks: fromOutlook, fault: func(w *world) {
			w.silent["imap imap.example.com:993 starttls"] = true
			w.rewriteOutlook(func(s string) string { return strings.Replace(s, "<Encryption>SSL", "<Encryption>TLS", 1) })
		}, also: []string{"srv-differs: ", "conformance-26: "}, sections: mail},
		planted{name: "autodiscover: no server for sending", id: "autodiscover-incomplete", breaks: fromOutlook, fault: func(w *world) {
			w.rewriteOutlook(func(s string) string { return strings.ReplaceAll(s, "<Type>SMTP", "<Type>NNTP") })
		}, also: []string{"conformance-27: "}},
		planted{name: "autodiscover: SPA by default", id: "auth-differs", breaks: fromOutlook, fault: func(w *world) {
			w.rewriteOutlook(func(s string) string { return strings.ReplaceAll(s, "<SPA>off</SPA>", "") })
		}, sections: mail, also: []string{"auth-differs: " + fromOutlook, "auth-differs: ", "conformance-25: "}},
		planted{name: "profile: not signed", id: "profile-unsigned", breaks: "Apple Mail", fault: func(w *world) { w.profile(nil, nil) }},
		planted{name: "profile: an unknown signer", id: "profile-signature-untrusted", breaks: "Apple Mail", fault: func(w *world) {
			other := certtest.Authority("Other Root", nil)
			w.profile(&other, nil)
		}},
		planted{name: "profile: the signer expired", id: "profile-signature-expired", breaks: "Apple Mail", fault: func(w *world) {
			root := trusted().root
			w.profile(&root, []certtest.Change{valid(-60*day, -day)})
		}},
		planted{name: "profile: a damaged signature", id: "profile-signature-invalid", breaks: "Apple Mail", fault: func(w *world) {
			w.rewrite(profileURL, func(s string) string { return strings.Replace(s, "imap.example.com", "imap.example.org", 1) })
		}},
		planted{name: "profile: no mail account", id: "profile-incomplete", breaks: "Apple Mail", fault: func(w *world) {
			w.signProfile(strings.Replace(w.profileContent(), "com.apple.mail.managed", "com.apple.webClip.managed", 1), trusted().by(), nil)
		}, also: []string{"profile-incomplete: Apple Mail", "conformance-35: ", "conformance-37: "}},
		planted{name: "profile: an unknown value", id: "profile-unreadable", breaks: "Apple Mail", fault: func(w *world) {
			w.unsignedProfile(func(s string) string {
				return strings.ReplaceAll(s, "EmailTypeIMAP", "EmailTypeIMAP4")
			})
		}},
		planted{name: "pacc: a redirect to a private address", id: "private-address", breaks: "PACC", fault: func(w *world) {
			w.dns.Add(w.t, "internal.example.net. IN A 127.0.0.1")
			w.redirect(paccURL, "http://internal.example.net/")
		}},
		planted{name: "pacc: a redirect to another port", id: "port-not-checked", breaks: "PACC", fault: func(w *world) { w.redirect(paccURL, "http://example.com:9090/") }},
		planted{name: "pacc: the digest of another document", id: "pacc-digest-mismatch", breaks: "PACC", fault: func(w *world) {
			w.rewrite(paccURL, func(s string) string { return s + "\n" })
		}},
		planted{name: "pacc: no digest", id: "pacc-digest-missing", breaks: "PACC", fault: func(w *world) { w.dns.Remove("_ua-auto-config.example.com") }},
		planted{name: "pacc: not an object", id: "pacc-unreadable", breaks: "PACC", fault: func(w *world) { w.respond(paccURL, 200, "application/json", "[]") }},
		planted{name: "oauth: no metadata", id: "oauth-metadata-missing", breaks: "PACC", fault: func(w *world) { w.issuer(404, "") }},
		planted{name: "oauth: another issuer", id: "oauth-issuer-mismatch", breaks: "PACC", fault: func(w *world) {
			w.issuer(200, `{"issuer": "https://issuer.example.com/", "registration_endpoint": "x", "scopes_supported": ["urn:ietf:params:oauth:scope:mail"]}`)
		}},
		planted{name: "oauth: no registration", id: "oauth-no-registration", breaks: "PACC", fault: func(w *world) {
			w.issuer(200, `{"issuer": "https://issuer.example.com", "scopes_supported": ["urn:ietf:params:oauth:scope:mail"]}`)
		}},
		planted{name: "oauth: no scope for mail", id: "oauth-no-mail-scope", breaks: "PACC", fault: func(w *world) {
			w.issuer(200, `{"issuer": "https://issuer.example.com", "registration_endpoint": "x"}`)
		}},
		planted{name: "oauth: an issuer over http", id: "oauth-issuer-invalid", breaks: "PACC", fault: func(w *world) {
			w.issuer(200, "")
			w.publishPACC(func(s string) string { return strings.Replace(s, "https://issuer", "http://issuer", 1) })
		}},
		planted{name: "oauth: a service that names another issuer", id: "oauth-resource-mismatch", breaks: "", fault: func(w *world) {
			w.goodIssuer()
			w.respond(resourceURL, 200, "application/json", `{"resource": "https://dav.example.com/calendars/", "authorization_servers": ["https://other.example.com"]}`)
		}},
		planted{name: "oauth: the metadata of another service", id: "oauth-resource-mismatch", breaks: "", fault: func(w *world) {
			w.goodIssuer()
			w.respond(resourceURL, 200, "application/json", `{"resource": "https://dav.example.com/contacts/", "authorization_servers": ["https://issuer.example.com"]}`)
		}},
		planted{name: "oauth: unreadable metadata of a service", id: "oauth-resource-unreadable", breaks: "", fault: func(w *world) {
			w.goodIssuer()
			w.respond(resourceURL, 200, "application/json", "[]")
		}},
		planted{name: "oauth: unreadable metadata", id: "oauth-metadata-unreadable", breaks: "PACC", fault: func(w *world) { w.issuer(200, "<html>") }},
	)
}

func collectionFaults() []planted {
	at := "https://dav.example.com/calendars/"
	const toldURL = "Thunderbird,Apple Mail,GNOME Online Accounts,eM Client,DAVx5,PACC" // by DNS or a document
	return []planted{
		{name: "dav: none", id: "dav-missing", breaks: "DAVx5", fault: func(w *world) {
			w.dns.Remove("_caldavs._tcp.example.com")
			w.dns.Remove("_carddavs._tcp.example.com")
		}},
		{name: "dav: another path", id: "dav-no-service", breaks: withDAV, fault: func(w *world) {
			w.dns.Remove("_caldavs._tcp.example.com", "TXT")
			w.dns.Add(w.t, `_caldavs._tcp.example.com. IN TXT "path=/old/"`)
		}},
		{name: "dav: the target has no address", id: "host-no-address", breaks: withDAV, fault: func(w *world) {
			w.dns.Remove("_caldavs._tcp.example.com", "SRV")
			w.dns.Add(w.t, `_caldavs._tcp.example.com. IN SRV 0 1 443 gone.example.com.`)
		}},
		{name: "dav: a well-known redirect to plain http", id: "dav-redirect-plain", breaks: withDAV, fault: func(w *world) {
			w.dns.Remove("_caldavs._tcp.example.com")
			w.redirect("https://example.com/.well-known/caldav", "http://dav.example.com/calendars/")
		}},
		{name: "dav: a well-known redirect to itself", id: "dav-redirect-broken", breaks: withDAV, fault: func(w *world) {
			w.dns.Remove("_caldavs._tcp.example.com")
			w.redirect("https://example.com/.well-known/caldav", "/.well-known/caldav")
		}},
		{name: "dav: a redirect loop", id: "dav-redirect-loop", breaks: toldURL, fault: func(w *world) { w.redirect("PROPFIND "+at, at) }},
		{name: "dav: no answer", id: "dav-slow", breaks: toldURL, fault: func(w *world) { w.silence(at) }},
		{name: "dav: more than 1 MiB", id: "dav-too-large", breaks: toldURL, fault: func(w *world) { w.respond(at, 207, "text/xml", large) }},
		{name: "dav: not HTTP", id: "dav-broken-answer", breaks: toldURL, fault: func(w *world) { w.answers[at] = abort }},
	}
}

// same changes nothing.
func same(s string) string { return s }

// closed returns an address where nothing listens: a free port may soon be that of
// another test.
func closed() netip.AddrPort { return netip.MustParseAddrPort("127.0.0.1:1") }

// large is more than the doctor reads.
var large = strings.Repeat(" ", 1<<20+1)

// abort ends the connection.
func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// onlyOutlook plants at every URL of Autodiscover, with no SRV record that leads
// elsewhere.
func (w *world) onlyOutlook(plant func(at string)) {
	w.dns.Remove("_autodiscover._tcp.example.com")
	w.outlook(plant)
}

// outlook plants at every URL of Autodiscover.
func (w *world) outlook(plant func(at string)) {
	plant(autodiscoverURL)
	plant("https://autodiscover.example.com/Autodiscover/Autodiscover.xml")
}

func (w *world) rewriteOutlook(change func(string) string) {
	w.outlook(func(at string) { w.rewrite(at, change) })
	w.rewrite("https://waymark.example.net/autodiscover/autodiscover.xml", change)
}

// profile serves a profile that is signed by another certificate, or not at all.
func (w *world) profile(by *certtest.Party, changes []certtest.Change) {
	w.signProfile(w.profileContent(), by, changes)
}

func (w *world) signProfile(content string, by *certtest.Party, changes []certtest.Change) {
	if by == nil {
		w.respond(profileURL, 200, "application/x-apple-aspen-config", content)
		return
	}
	signer := certtest.Certify("Other Signer", certtest.NewKey(), by, changes...)
	data, err := pkcs7.NewSignedData([]byte(content))
	if err == nil {
		data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		err = data.AddSigner(signer.Cert, signer.Key, pkcs7.SignerInfoConfig{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	der, err := data.Finish()
	if err != nil {
		w.t.Fatal(err)
	}
	w.respond(profileURL, 200, "application/x-apple-aspen-config", string(der))
}

func (w *world) profileContent() string {
	signed, err := sign.Verify([]byte(w.document(profileURL+"?email=anna@example.com")), trusted().roots, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(signed.Content)
}

func (w *world) unsignedProfile(change func(string) string) {
	w.respond(profileURL, 200, "application/x-apple-aspen-config", change(w.profileContent()))
}

// publishPACC changes the PACC document, and the digest in DNS.
func (w *world) publishPACC(change func(string) string) {
	document := w.document(paccURL)
	if w.pacc != "" {
		document = w.pacc
	}
	w.pacc = change(document)
	if w.pacc == document {
		w.t.Fatal(document)
	}
	w.respond(paccURL, 200, "application/json", w.pacc)
	sum := sha256.Sum256([]byte(w.pacc))
	w.dns.Add(w.t, `_ua-auto-config.example.com. IN TXT "v=UAAC1; a=sha256; d=`+base64.StdEncoding.EncodeToString(sum[:])+`"`)
}

// issuer makes OAuth2 the only way to log in of the PACC document, and gives the
// issuer metadata.
func (w *world) issuer(status int, metadata string) {
	w.publishPACC(func(s string) string {
		return strings.Replace(s, `"password": true`, `"password": false, "oauth-public": {"issuer": "https://issuer.example.com"}`, 1)
	})
	w.respond("https://issuer.example.com/.well-known/oauth-authorization-server", status, "application/json", metadata)
	for _, at := range []string{"imap.example.com:993", "smtp.example.com:465"} {
		m := w.mail[at]
		m.after = strings.Replace(m.after, "PLAIN", "PLAIN XOAUTH2", 1)
		if m.protocol == "imap" {
			m.after = "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2"
		}
	}
}

// goodIssuer makes a healthy OAuth2 issuer the only way to log in.
func (w *world) goodIssuer() {
	w.options.Clients = []string{"PACC"}
	w.issuer(200, `{"issuer": "https://issuer.example.com", "registration_endpoint": "x", "scopes_supported": ["urn:ietf:params:oauth:scope:mail"]}`)
	w.respond(resourceURL, 200, "application/json", `{"resource": "https://dav.example.com/calendars/", "authorization_servers": ["https://issuer.example.com"]}`)
}

// TestHealthyIssuer: the metadata of an issuer and of a service that agree are no
// finding.
func TestHealthyIssuer(t *testing.T) {
	w := newWorld(t)
	w.goodIssuer()
	if report := w.examine(); len(report.Findings) > 0 || report.Verdicts[0].Verdict != Works {
		t.Errorf("%+v", report)
	}
}

func (m *mailServer) copy() *mailServer {
	other := *m
	return &other
}

const (
	everyMailClient = "Thunderbird,Thunderbird for Android,Outlook,Apple Mail,Evolution,GNOME Online Accounts,KMail,FairEmail,Delta Chat,Nextcloud Mail,SnappyMail,eM Client,PACC"
)

func certificateFaults() []planted {
	mail := func(id string, cert func() tls.Certificate) planted {
		return planted{name: "imap: " + id, id: id, breaks: everyMailClient, fault: func(w *world) { w.mail["imap.example.com:993"].cert = cert() }}
	}
	web := func(id string, cert func() tls.Certificate) planted {
		return planted{name: "pacc: " + id, id: id, breaks: "PACC", fault: func(w *world) { w.certs["ua-auto-config.example.com"] = cert() }}
	}
	var all []planted
	for _, c := range []struct {
		id   string
		make func(host string) tls.Certificate
	}{
		{"tls-expired", func(host string) tls.Certificate { return certificate(host, valid(-60*day, -day)) }},
		{"tls-not-yet-valid", func(host string) tls.Certificate { return certificate(host, valid(day, 60*day)) }},
		{"tls-name-mismatch", func(string) tls.Certificate { return certificate("other.example.net") }},
		{"tls-self-signed", func(host string) tls.Certificate {
			return certtest.Certify("Self", certtest.NewKey(), nil, certtest.Hosts(host)).TLS()
		}},
		{"tls-chain-incomplete", func(host string) tls.Certificate { return trusted().intermediate.Server(host).TLS() }},
		{"tls-untrusted", func(host string) tls.Certificate {
			root := certtest.Authority("Other Root", nil)
			return root.Server(host).TLS(root)
		}},
	} {
		all = append(all,
			mail(c.id, func() tls.Certificate { return c.make("imap.example.com") }),
			web(c.id, func() tls.Certificate { return c.make("ua-auto-config.example.com") }))
	}
	return append(all,
		planted{name: "an expired intermediate certificate", id: "tls-expired", breaks: "PACC", fault: func(w *world) {
			root := trusted().root
			old := certtest.Authority("Old Intermediate", &root, valid(-60*day, -day))
			w.certs["ua-auto-config.example.com"] = old.Server("ua-auto-config.example.com").TLS(old)
		}},
		planted{name: "a certificate that was not renewed", id: "tls-expires-soon", breaks: "", fault: func(w *world) {
			w.certs["ua-auto-config.example.com"] = certificate("ua-auto-config.example.com", valid(-80*day, 10*day))
		}},
		planted{name: "TLS 1.1 at most", id: "tls-old-protocol", breaks: everyMailClient, fault: func(w *world) {
			w.mail["imap.example.com:993"].maxVersion = tls.VersionTLS11
		}},
	)
}

func serverFaults() []planted {
	// FairEmail finds only the server with STARTTLS.
	startTLS := func(change func(*mailServer)) func(*world) {
		return func(w *world) {
			w.dns.Remove("_submissions._tcp.example.com")
			change(w.mail["smtp.example.com:587"])
		}
	}
	return []planted{
		{name: "the IMAP server does not exist", id: "host-no-address", breaks: everyMailClient, fault: func(w *world) {
			w.dns.Remove("imap.example.com")
			w.unlead("imap.example.com:993")
		}},
		{name: "a server that the settings do not name", id: "server-not-named", breaks: "", fault: func(w *world) {
			for _, host := range append(webHosts(), "imap.example.com", "smtp.example.com") {
				for _, port := range []string{"80", "443", "465", "587", "993", "995", "4190"} {
					w.options.Only = append(w.options.Only, host+":"+port)
				}
			}
		}},
		{name: "nothing listens on 993", id: "unreachable", breaks: everyMailClient, fault: func(w *world) { w.options.ConnectTo["imap.example.com:993"] = []netip.AddrPort{closed()} }},
		{name: "one of two addresses does not answer", id: "address-unreachable", breaks: "", fault: func(w *world) {
			w.second = map[string]netip.AddrPort{"smtp.example.com:465": closed()}
		}},
		{name: "another protocol listens", id: "wrong-protocol", breaks: everyMailClient, fault: func(w *world) { w.mail["imap.example.com:993"].greeting = "220 an SMTP server" }},
		{name: "no greeting", id: "greeting-missing", breaks: "FairEmail", fault: func(w *world) {
			w.silent["smtp smtp.example.com:587 starttls"] = true
			startTLS(func(m *mailServer) { m.mute = true })(w)
		}},
		{name: "TLS that does not start", id: "tls-fails", breaks: everyMailClient, fault: func(w *world) { w.mail["imap.example.com:993"].cert = tls.Certificate{Certificate: [][]byte{{1}}} }},
		{name: "no list of capabilities", id: "protocol-broken", breaks: everyMailClient, fault: func(w *world) { w.mail["imap.example.com:993"].after = "IMAP4rev1\r\na NO later" }},
		{name: "no TLS on 993", id: "tls-not-offered", breaks: everyMailClient, fault: func(w *world) {
			w.mail["imap.example.com:993"].plainOnly, w.mail["imap.example.com:993"].before = true, "IMAP4rev1 AUTH=PLAIN"
		}},
		{name: "STARTTLS not offered for sending", id: "starttls-missing", breaks: "FairEmail", fault: startTLS(func(m *mailServer) { m.before = "AUTH PLAIN" })},
		{name: "STARTTLS not offered by IMAP", id: "starttls-missing", breaks: "", fault: func(w *world) { w.mail["imap.example.com:143"].before = "IMAP4rev1 LOGINDISABLED" }},
		{name: "STARTTLS refused", id: "starttls-fails", breaks: "FairEmail", fault: startTLS(func(m *mailServer) { m.refuse = true })},
		{name: "the certificate behind STARTTLS", id: "tls-name-mismatch", breaks: "FairEmail", fault: startTLS(func(m *mailServer) { m.cert = certificate("other.example.net") })},
		{name: "passwords before TLS", id: "auth-without-tls", breaks: "", fault: func(w *world) { w.mail["imap.example.com:143"].before = "IMAP4rev1 STARTTLS AUTH=PLAIN" }},
		{name: "no AUTH for sending", id: "auth-missing", breaks: everyMailClient, fault: func(w *world) { w.mail["smtp.example.com:465"].after = "SIZE 1000" }},
		{name: "only GSSAPI for IMAP", id: "auth-differs", breaks: "Thunderbird,Thunderbird for Android,Outlook,Apple Mail,Evolution,KMail,eM Client,PACC", fault: func(w *world) {
			w.mail["imap.example.com:993"].after = "IMAP4rev1 LOGINDISABLED AUTH=GSSAPI"
		}},
		{name: "STARTTLS not offered by ManageSieve", id: "starttls-missing", breaks: "", fault: func(w *world) { w.mail["imap.example.com:4190"].before = `"SASL" "PLAIN"` }},
		{name: "STARTTLS refused by ManageSieve", id: "starttls-fails", breaks: "", fault: func(w *world) { w.mail["imap.example.com:4190"].refuse = true }},
		{name: "no login by ManageSieve", id: "auth-missing", breaks: "", fault: func(w *world) { w.mail["imap.example.com:4190"].after = `"SASL" ""` }},
		{name: "another server on the port of ManageSieve", id: "wrong-protocol", breaks: "", fault: func(w *world) { w.mail["imap.example.com:4190"].greeting = "BYE" }},
		{name: "no service at the URL of JMAP", id: "jmap-no-service", breaks: "", fault: func(w *world) { w.respond(jmapURL, 404, "text/plain", "no") }},
		{name: "a page at the URL of JMAP", id: "jmap-no-service", breaks: "", fault: func(w *world) { w.respond(jmapURL, 200, "text/html", page) }},
		{name: "the host of JMAP does not exist", id: "host-no-address", breaks: "", fault: func(w *world) {
			w.dns.Remove("_jmap._tcp.example.com")
			w.dns.Add(w.t, "_jmap._tcp.example.com. IN SRV 0 1 443 gone.example.com.")
		}},
		{name: "no login by POP3", id: "auth-missing", breaks: "", fault: func(w *world) { w.mail["imap.example.com:995"].after = "UIDL" }},
	}
}

func recordFaults() []planted {
	change := func(name, record string) func(w *world) {
		return func(w *world) {
			w.dns.Remove(name, "SRV")
			w.dns.Add(w.t, name+". IN SRV "+record)
		}
	}
	return []planted{
		{name: "an alias as the target of SRV", id: "srv-target-alias", breaks: "", fault: func(w *world) {
			change("_imaps._tcp.example.com", "0 1 993 alias.example.com.")(w)
			w.dns.Add(w.t, "alias.example.com. IN CNAME imap.example.com.")
			w.mail["alias.example.com:993"] = w.mail["imap.example.com:993"].copy()
			w.mail["alias.example.com:993"].cert = certificate("alias.example.com")
		}, also: []string{"srv-differs: "}},
		{name: "SRV names a host that does not exist", id: "host-no-address", breaks: "FairEmail", fault: change("_imaps._tcp.example.com", "0 1 993 gone.example.com."), also: []string{"srv-differs: "}},
		{name: "SRV denies what is offered", id: "srv-denies-offered", breaks: "", fault: change("_submissions._tcp.example.com", "0 0 0 .")},
		{name: "SRV denies and offers", id: "srv-contradiction", breaks: "", fault: func(w *world) { w.dns.Add(w.t, "_imaps._tcp.example.com. IN SRV 10 0 0 .") }, also: []string{"srv-denies-offered: "}},
		{name: "SRV of Autodiscover with another port", id: "srv-autodiscover-port", breaks: "", fault: change("_autodiscover._tcp.example.com", "0 0 8443 waymark.example.net.")},
		{name: "SRV names another server", id: "srv-differs", breaks: "", fault: func(w *world) {
			change("_pop3s._tcp.example.com", "0 1 995 smtp.example.com.")(w)
			w.mail["smtp.example.com:995"] = w.mail["imap.example.com:995"].copy()
		}},
		{name: "no DNS server answers in time", id: "incomplete", also: []string{"dns-failure: "}, fault: func(w *world) {
			silent, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Cleanup(func() { _ = silent.Close() })
			w.options.Timeout = 50 * time.Millisecond
			if w.options.Resolver, err = dnslookup.New(netip.MustParseAddrPort(silent.LocalAddr().String())); err != nil {
				w.t.Fatal(err)
			}
		}},
		{name: "the domain does not exist", id: "domain-not-found", fault: func(w *world) { w.options.Domain = "example.org" }},
		{name: "the name servers of the domain fail", id: "dns-failure", fault: func(w *world) { w.dns.Fail("example.com", "SERVFAIL") }},
		{name: "SRV cannot be looked up", id: "dns-failure", breaks: "", fault: func(w *world) { w.dns.Fail("_pop3s._tcp.example.com", "SERVFAIL") }},
		{name: "a port that is not connected to", id: "port-not-checked", breaks: "", fault: change("_pop3s._tcp.example.com", "0 1 22 imap.example.com."), also: []string{"srv-differs: "}},
	}
}

func securityFaults() []planted {
	replace := func(name, kind, record string) func(w *world) {
		return func(w *world) {
			w.dns.Remove(name, kind)
			if record != "" {
				w.dns.Add(w.t, name+". IN "+kind+" "+record)
			}
		}
	}
	spf := func(text string) func(w *world) { return replace("example.com", "TXT", `"v=spf1 `+text+`"`) }
	return []planted{
		{name: "no MX", id: "mx-missing", fault: replace("example.com", "MX", "")},
		{name: "a null MX", id: "mx-null", fault: replace("example.com", "MX", "0 .")},
		{name: "an MX without an address", id: "mx-no-address", fault: func(w *world) { w.dns.Add(w.t, "example.com. IN MX 20 gone.example.com.") }, also: []string{"mta-sts-mx-mismatch: "}},
		{name: "an MX that is an IP address", id: "mx-no-address", fault: func(w *world) { w.dns.Add(w.t, "example.com. IN MX 20 192.0.2.1.") }, also: []string{"mta-sts-mx-mismatch: "}},
		{name: "an MX that is an alias", id: "mx-alias", fault: func(w *world) {
			w.dns.Remove("mx.example.com")
			w.dns.Add(w.t, "mx.example.com. IN CNAME imap.example.com.")
		}},
		{name: "no SPF", id: "spf-missing", fault: replace("example.com", "TXT", "")},
		{name: "two SPF records", id: "spf-multiple", fault: func(w *world) { w.dns.Add(w.t, `example.com. IN TXT "v=spf1 -all"`) }},
		{name: "SPF with 11 lookups", id: "spf-too-many-lookups", fault: spf("a a:b.example mx mx:b.example ptr exists:c.example a:d.example a:e.example a:f.example a:g.example a:h.example -all")},
		{name: "SPF with 11 lookups in includes", id: "spf-too-many-lookups", fault: func(w *world) {
			w.dns.Remove("spf.example.net")
			w.dns.Add(w.t, `spf.example.net. IN TXT "v=spf1 a a a a a a a a a -all"`)
		}},
		{name: "SPF that includes itself", id: "spf-too-many-lookups", fault: spf("include:example.com -all")},
		{name: "an unknown term of SPF", id: "spf-invalid", fault: spf("ipv4:192.0.2.1 -all")},
		{name: "an invalid address in SPF", id: "spf-invalid", fault: spf("ip4:192.0.2 -all")},
		{name: "SPF allows all", id: "spf-allows-all", fault: spf("mx +all")},
		{name: "SPF includes nothing", id: "spf-include-broken", fault: spf("include:gone.example.net -all")},
		{name: "SPF without an end", id: "spf-no-all", fault: spf("mx")},
		{name: "no DMARC", id: "dmarc-missing", fault: replace("_dmarc.example.com", "TXT", ""), also: []string{"bimi-needs-dmarc: "}},
		{name: "two DMARC records", id: "dmarc-multiple", fault: func(w *world) { w.dns.Add(w.t, `_dmarc.example.com. IN TXT "v=DMARC1; p=none"`) }, also: []string{"bimi-needs-dmarc: "}},
		{name: "an invalid DMARC policy", id: "dmarc-invalid", fault: replace("_dmarc.example.com", "TXT", `"v=DMARC1; p=drop"`), also: []string{"bimi-needs-dmarc: "}},
		{name: "the DMARC policy none", id: "dmarc-none", fault: replace("_dmarc.example.com", "TXT", `"v=DMARC1; p=none"`), also: []string{"bimi-needs-dmarc: "}},
		{name: "no MTA-STS", id: "mta-sts-missing", fault: replace("_mta-sts.example.com", "TXT", "")},
		{name: "an MTA-STS record without id", id: "mta-sts-record-invalid", fault: replace("_mta-sts.example.com", "TXT", `"v=STSv1;"`)},
		{name: "no MTA-STS policy", id: "mta-sts-policy-missing", fault: func(w *world) { w.respond(policyURL, 404, "", "") }},
		{name: "an MTA-STS policy behind a redirect", id: "mta-sts-policy-missing", fault: func(w *world) { w.redirect(policyURL, "https://waymark.example.net/policy") }},
		{name: "an MTA-STS policy with a wrong certificate", id: "mta-sts-policy-missing", fault: func(w *world) { w.certs["mta-sts.example.com"] = certificate("other.example.net") }},
		{name: "an MTA-STS policy without max_age", id: "mta-sts-policy-invalid", fault: func(w *world) {
			w.respond(policyURL, 200, "text/plain", "version: STSv1\nmode: enforce\nmx: mx.example.com\n")
		}},
		{name: "an MTA-STS policy for another host", id: "mta-sts-mx-mismatch", fault: func(w *world) {
			w.respond(policyURL, 200, "text/plain", "version: STSv1\nmode: enforce\nmx: *.example.net\nmax_age: 86400\n")
		}},
		{name: "no TLS-RPT", id: "tls-rpt-missing", fault: replace("_smtp._tls.example.com", "TXT", "")},
		{name: "TLS-RPT without an address", id: "tls-rpt-invalid", fault: replace("_smtp._tls.example.com", "TXT", `"v=TLSRPTv1; rua=tls@example.com"`)},
		{name: "TLSA without DNSSEC", id: "dane-not-validated", fault: func(w *world) { w.dns.Validated(false) }},
		{name: "TLSA for the web", id: "dane-invalid", fault: replace("_25._tcp.mx.example.com", "TLSA", "1 1 1 abcdef")},
		{name: "BIMI without https", id: "bimi-invalid", fault: replace("default._bimi.example.com", "TXT", `"v=BIMI1; l=http://www.example.com/logo.svg"`)},
		{name: "no CAA", id: "caa-missing", fault: replace("example.com", "CAA", "")},
		{name: "CAA that forbids all", id: "caa-forbids-all", fault: replace("example.com", "CAA", `0 issue ";"`)},
		{name: "no DKIM key", id: "dkim-missing", fault: replace("s1._domainkey.example.com", "TXT", "")},
		{name: "a revoked DKIM key", id: "dkim-revoked", fault: replace("s1._domainkey.example.com", "TXT", `"v=DKIM1; p="`)},
		{name: "a damaged DKIM key", id: "dkim-invalid", fault: replace("s1._domainkey.example.com", "TXT", `"v=DKIM1; p=AAAA"`)},
		{name: "a short DKIM key", id: "dkim-weak-key", fault: func(w *world) {
			der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 767), E: 65537})
			if err != nil {
				w.t.Fatal(err)
			}
			replace("s1._domainkey.example.com", "TXT", `"v=DKIM1; p=`+base64.StdEncoding.EncodeToString(der)+`"`)(w)
		}},
	}
}
