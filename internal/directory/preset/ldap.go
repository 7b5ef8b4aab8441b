package preset

import "github.com/waymark-mail/waymark/internal/directory/source"

// LDAPNames lists the presets that have LDAP searches.
func LDAPNames() []string { return []string{"iredmail"} }

// LDAP returns the searches for iRedMail's schema, the only one of LDAPNames.
// baseDN is the entry above the domains, such as o=domains,dc=example,dc=com.
//
// A disabled domain is found as disabled, so that no other source answers for
// it. One without mail or that is only relayed is not found. A mailbox is found
// by its address and by its addresses in alias domains; its login is its own
// address.
func LDAP(baseDN string) (domain, mailbox source.Search) {
	domain = source.Search{
		BaseDN: baseDN,
		Filter: "(&(objectClass=mailDomain)" +
			"(|(domainName={domain})(&(enabledService=domainalias)(domainAliasName={domain})))" +
			"(enabledService=mail)(|(accountStatus=active)(accountStatus=disabled))(!(domainBackupMX=yes)))",
		Attributes: map[string]string{"canonical_domain": "domainName", "enabled": "accountStatus"},
	}
	mailbox = source.Search{
		BaseDN: baseDN,
		Filter: "(&(objectClass=mailUser)" +
			"(|(mail={address})(&(enabledService=shadowaddress)(shadowAddress={address})))" +
			"(enabledService=mail)(accountStatus=active))",
		Attributes: map[string]string{"login": "mail"},
	}
	return domain, mailbox
}
