package ldapsource

// IRedMail returns the searches for iRedMail's schema. baseDN is the entry
// above the domains, such as o=domains,dc=example,dc=com.
//
// A domain that is switched off is found and disabled, so that no other source
// answers for it; one that has no mail here, or is relayed only, is not found.
// A mailbox is found by its address and by its addresses in alias domains; its
// login is its own address.
func IRedMail(baseDN string) (domain, mailbox Search) {
	return Search{
			BaseDN: baseDN,
			Filter: "(&(objectClass=mailDomain)" +
				"(|(domainName={domain})(&(enabledService=domainalias)(domainAliasName={domain})))" +
				"(enabledService=mail)(|(accountStatus=active)(accountStatus=disabled))(!(domainBackupMX=yes)))",
			Attributes: map[string]string{"canonical_domain": "domainName", "enabled": "accountStatus"},
		}, Search{
			BaseDN: baseDN,
			Filter: "(&(objectClass=mailUser)" +
				"(|(mail={address})(&(enabledService=shadowaddress)(shadowAddress={address})))" +
				"(enabledService=mail)(accountStatus=active))",
			Attributes: map[string]string{"login": "mail"},
		}
}
