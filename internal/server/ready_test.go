package server

import "testing"

func TestReadyURL(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:9090": "http://127.0.0.1:9090/readyz",
		":9090":          "http://localhost:9090/readyz",
		"0.0.0.0:9090":   "http://localhost:9090/readyz",
		"[::]:9090":      "http://localhost:9090/readyz",
		"[::1]:9090":     "http://[::1]:9090/readyz",
	} {
		if got, err := ReadyURL(listen); err != nil || got != want {
			t.Errorf("%s: %s, %v", listen, got, err)
		}
	}
	if _, err := ReadyURL(""); err == nil {
		t.Error("no ops listener, and no error")
	}
}
