package config

import (
	"strings"
	"testing"
)

// TestListenersThatNeedAProxy pins which listeners are taken for one behind a proxy.
func TestListenersThatNeedAProxy(t *testing.T) {
	for settings, want := range map[string]bool{
		`listen: "127.0.0.1:8080"`:                            true,
		`listen: "127.0.0.1:80"`:                              true,
		`listen: "[::1]:8080"`:                                true,
		`listen: "localhost:8080"`:                            true,
		`listen: ":8080"`:                                     true,
		`listen: "192.0.2.1:8080"`:                            true,
		`listen: ":80"`:                                       false, // reached directly
		`listen: "192.0.2.1:80"`:                              false,
		`listen: "127.0.0.1:0"`:                               false, // a test
		`log: {level: info}`:                                  false, // the default listener
		"listen: \":8080\"\ntrusted_proxies: []":              false,
		"listen: \":8080\"\ntrusted_proxies: [192.0.2.1]":     false,
		"listen: \":8080\"\ntls: {cert_file: a, key_file: b}": false,
		`listen: [":8080"]`:                                   false, // is an error
	} {
		_, findings := Parse("waymark.yaml", []byte(settings), testEnvironment())
		if got := strings.Contains(lines(findings), "looks like a listener behind a proxy"); got != want {
			t.Errorf("%s: warned %v\n%s", settings, got, lines(findings))
		}
	}
}

// TestOpsForEverybody pins when operations that change something are open to everybody.
func TestOpsForEverybody(t *testing.T) {
	for settings, want := range map[string]bool{
		`ops: {listen: ":9090"}`:                                 true,
		`ops: {listen: "0.0.0.0:9090"}`:                          true,
		`ops: {listen: "[::]:9090"}`:                             true,
		`ops: {listen: "127.0.0.1:9090"}`:                        false,
		`ops: {listen: "192.0.2.1:9090"}`:                        false, // perhaps a network for operators alone
		`ops: {listen: "off"}`:                                   false,
		"ops: {listen: \":9090\"}\napi: {token: \"${env:KEY}\"}": false,
	} {
		_, findings := Parse("waymark.yaml", []byte(settings), testEnvironment())
		if got := strings.Contains(lines(findings), "anybody who reaches this machine"); got != want {
			t.Errorf("%s: warned %v\n%s", settings, got, lines(findings))
		}
	}
}
