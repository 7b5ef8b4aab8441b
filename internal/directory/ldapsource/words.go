package ldapsource

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// The words for what goes wrong. What a server says of a search is not
// repeated: it may hold the address that was searched for.

const (
	unreachable = "the LDAP server cannot be reached"
	brokeOff    = "the connection to the LDAP server broke off"
)

var (
	errSeveral = errors.New("finds more than one entry; it must fit one at most")
	errSlow    = errors.New("the LDAP server did not answer in time")
)

// wantsUser is what servers answer to somebody who did not say who they are:
// Active Directory the first, OpenLDAP others.
var wantsUser = []uint16{
	ldap.LDAPResultOperationsError,
	ldap.LDAPResultStrongAuthRequired,
	ldap.LDAPResultInappropriateAuthentication,
	ldap.LDAPResultInsufficientAccessRights,
	ldap.LDAPResultUnwillingToPerform,
}

// plain returns what an error of the library says, without the library's own
// numbers and names in front.
func plain(err error) string {
	var e *ldap.Error
	if errors.As(err, &e) && e.Err != nil {
		err = e.Err
	}
	return strings.TrimPrefix(err.Error(), "ldap: ")
}

// lost is for a server that did not answer.
func lost(ctx context.Context, what string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errSlow
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%s: %s", what, plain(err))
}

// noSlot is for a connection that was waited for in vain.
func noSlot(ctx context.Context, connections int) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("too many lookups at once: none of the %d connections to the LDAP server became free in time", connections)
}

func tlsFailed(ctx context.Context, err error) error {
	// The library hands on the text alone of what went wrong after StartTLS.
	if _, reason, ok := strings.Cut(plain(err), "failed to verify certificate: "); ok && ctx.Err() == nil {
		return fmt.Errorf("the certificate of the LDAP server is not accepted: %s; ca_file must have its authority, and url the name that it has", strings.TrimSuffix(reason, ")"))
	}
	return lost(ctx, "TLS with the LDAP server failed", err)
}

func startTLSFailed(ctx context.Context, err error) error {
	if isAnswer(err) {
		return fmt.Errorf("the LDAP server refuses StartTLS: %s", answer(err))
	}
	return tlsFailed(ctx, err)
}

func bindFailed(ctx context.Context, err error) error {
	switch {
	case !isAnswer(err):
		return lost(ctx, brokeOff, err)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials):
		return errors.New("the LDAP server refuses bind_dn or bind_password")
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired):
		return errors.New("the LDAP server takes a password on an encrypted connection only; use ldaps:// or start_tls")
	}
	return fmt.Errorf("the LDAP server refuses bind_dn: %s", answer(err))
}

// answer names what a server said by the words of the protocol.
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

// searchFailed is for a search that has this name in the settings file, made as
// the user bindDN.
func searchFailed(name, bindDN string, err error) error {
	switch {
	case !isAnswer(err):
		return err // plain words already
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return severalEntries(name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return fmt.Errorf("%s.base_dn: there is no such entry, or bind_dn may not read it", name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidDNSyntax):
		return fmt.Errorf("%s.base_dn: the LDAP server does not know an attribute in it", name)
	case bindDN == "" && ldap.IsErrorAnyOf(err, wantsUser...):
		return fmt.Errorf("the LDAP server lets nobody search without a bind_dn: %s", answer(err))
	case ldap.IsErrorAnyOf(err, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded):
		return fmt.Errorf("%s.filter: the LDAP server gave up the search; it may need an index of the attributes in it", name)
	case ldap.IsErrorWithCode(err, ldap.LDAPResultReferral):
		return fmt.Errorf("%s.base_dn: the LDAP server has nothing there itself and names another server; put that one into url", name)
	}
	return fmt.Errorf("the LDAP server refuses the search: %s", answer(err))
}

func severalEntries(name string) error { return fmt.Errorf("%s.filter: %w", name, errSeveral) }
