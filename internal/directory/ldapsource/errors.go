package ldapsource

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Errors do not repeat the diagnostic message of a search: it may contain the
// address that was searched for.

const (
	unreachable = "the LDAP server cannot be reached"
	brokeOff    = "the connection to the LDAP server was lost"
)

var errSlow = errors.New("the LDAP server did not answer in time")

// needsBind are the results of servers that refuse anonymous searches: Active
// Directory returns the first, OpenLDAP the others.
var needsBind = []uint16{
	ldap.LDAPResultOperationsError,
	ldap.LDAPResultStrongAuthRequired,
	ldap.LDAPResultInappropriateAuthentication,
	ldap.LDAPResultInsufficientAccessRights,
	ldap.LDAPResultUnwillingToPerform,
}

// plain returns the text of an error without the library's prefixes.
func plain(err error) string {
	var e *ldap.Error
	if errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return strings.TrimPrefix(err.Error(), "ldap: ")
}

// lost returns the error for a server that did not answer.
func lost(ctx context.Context, what string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errSlow
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%s: %s", what, plain(err))
}

// noSlot returns the error for a wait for a connection that ended.
func noSlot(ctx context.Context, connections int) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("too many lookups at a time: none of the %d connections to the LDAP server became free in time", connections)
}

func tlsFailed(ctx context.Context, err error) error {
	// After StartTLS the library wraps no error, only its text.
	if _, reason, ok := strings.Cut(plain(err), "failed to verify certificate: "); ok && ctx.Err() == nil {
		return fmt.Errorf("the certificate of the LDAP server is not trusted: %s; ca_file must contain its authority, and url must name a host that it is valid for", strings.TrimSuffix(reason, ")"))
	}
	return lost(ctx, "TLS with the LDAP server failed", err)
}

func startTLSFailed(ctx context.Context, err error) error {
	if isAnswer(err) {
		return fmt.Errorf("the LDAP server refused StartTLS: %s", answer(err))
	}
	return tlsFailed(ctx, err)
}

func bindFailed(ctx context.Context, err error) error {
	switch {
	case !isAnswer(err):
		return lost(ctx, brokeOff, err)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return errors.New("the LDAP server rejected bind_dn or bind_password")
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired):
		return errors.New("the LDAP server requires TLS for a password; use ldaps:// or start_tls")
	}
	return fmt.Errorf("the LDAP server rejected bind_dn: %s", answer(err))
}

// answer returns the result code of a server with its name.
func answer(err error) string {
	var said *ldap.Error
	if !errors.As(err, &said) {
		return err.Error()
	}
	name, ok := ldap.LDAPResultCodeMap[said.ResultCode]
	if !ok {
		return fmt.Sprintf("result %d", said.ResultCode)
	}
	return fmt.Sprintf("result %d, %s", said.ResultCode, name)
}

// searchFailed returns the error of the search with this key in the settings
// file.
func searchFailed(name, bindDN string, err error) error {
	switch {
	case !isAnswer(err):
		return err
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return fmt.Errorf("%s.filter: matches more entries than the LDAP server returns", name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return fmt.Errorf("%s.base_dn: no such entry, or bind_dn may not read it", name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidDNSyntax):
		return fmt.Errorf("%s.base_dn: contains an attribute that the LDAP server does not know", name)
	case bindDN == "" && ldap.IsErrorAnyOf(err, needsBind...):
		return fmt.Errorf("the LDAP server refuses searches without a bind_dn: %s", answer(err))
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded):
		return fmt.Errorf("%s.filter: the LDAP server gave up; the attributes may need an index", name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultReferral):
		return fmt.Errorf("%s.base_dn: the LDAP server refers to another server; put that one in url", name)
	}
	return fmt.Errorf("the LDAP server refused the search: %s", answer(err))
}

// isDataError reports whether the server refused the name that was searched for: it
// does not fit the attribute that it is compared with.
func isDataError(what *search, err error) bool {
	return ldap.IsErrorAnyOf(err, ldap.LDAPResultInvalidAttributeSyntax, ldap.LDAPResultConstraintViolation, ldap.LDAPResultNamingViolation) ||
		what.ownBase && ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidDNSyntax)
}

// nameRefused returns the error for a data error, which may be one of base_dn too.
func nameRefused(name string, err error) error {
	return fmt.Errorf("%s: the LDAP server refuses the name that is looked up, or an attribute in base_dn: %s", name, answer(err))
}

func severalEntries(name, attribute string) error {
	return fmt.Errorf("%s.filter: matches entries that differ in the attribute %s", name, attribute)
}
