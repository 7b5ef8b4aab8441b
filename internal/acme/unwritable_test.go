package acme

import (
	"context"
	"errors"
	"path"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/waymark-mail/waymark/test/acmetest"
)

// full is a storage that takes no certificates.
type full struct{ Storage }

func (f full) Store(ctx context.Context, key string, value []byte) error {
	if path.Ext(key) == ".crt" {
		return errors.New("the disk is full")
	}
	return f.Storage.Store(ctx, key, value)
}

// TestACertificateThatCannotBeStored is a failed order: it is logged, listed and
// counted, and clients that try again cause no further order before its wait is over.
func TestACertificateThatCannotBeStored(t *testing.T) {
	a := acmetest.New(t)
	core, logs := observer.New(zap.ErrorLevel)
	i := start(t, a, full{Directory(t.TempDir())}, func(o *Options) { o.Log = zap.New(core) })
	for range 3 {
		if _, err := i.shake(a, "autoconfig.example.com"); err == nil {
			t.Error("a certificate that is not stored is served")
		}
	}
	const want = "[autoconfig.example.com] Obtain: saving assets: the disk is full"
	if failed := logs.FilterMessage("certificate order failed").All(); len(failed) != 1 || failed[0].ContextMap()["error"] != want {
		t.Errorf("the log has %v", logs.All())
	}
	if held, err := List(t.Context(), i.o.Store); err != nil || len(held) != 1 || held[0].LastError != want {
		t.Errorf("listed as %+v, %v", held, err)
	}
	i.counted(map[string]int{Failed: 1})
	if a.Orders() != 1 {
		t.Errorf("%d orders, want 1", a.Orders())
	}
}
