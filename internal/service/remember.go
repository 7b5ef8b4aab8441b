package service

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"time"

	"go.uber.org/zap"

	"github.com/waymark-mail/waymark/internal/config"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
	"github.com/waymark-mail/waymark/internal/directory/snapshot"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

const (
	// snapshotFile is the file in the state directory with the answers of sources.
	snapshotFile = "directory.cache"
	// snapshotEvery is how often it is written while the service runs. It is also
	// written when the service stops.
	snapshotEvery = 5 * time.Minute
	// retryReload is when a reload is repeated after a new source failed: the new
	// password may be in the settings before it is in the database.
	retryReload = 15 * time.Second
	// proving is how long a reload waits for the changed sources.
	proving = 10 * time.Second
)

// fingerprint identifies what a source is asked. Answers outlive a change of
// everything else: its address, its user and password, its limits.
func fingerprint(s config.Source) string {
	asked := struct {
		Mailboxes bool
		SQL       *source.SQL
		LDAP      *source.LDAP
		MX        []source.Pattern
	}{Mailboxes: s.Mailboxes}
	switch {
	case s.SQL != nil:
		asked.SQL = &source.SQL{Driver: s.SQL.Driver, DomainQuery: s.SQL.DomainQuery, MailboxQuery: s.SQL.MailboxQuery}
	case s.LDAP != nil:
		asked.LDAP = &source.LDAP{Domain: s.LDAP.Domain, Mailbox: s.LDAP.Mailbox}
	case s.MX != nil:
		asked.MX = s.MX.Patterns
	}
	text, err := json.Marshal(asked)
	if err != nil { // texts and numbers always encode
		return ""
	}
	return fmt.Sprintf("%x", sha256.Sum256(text))
}

// fingerprints returns the fingerprint of each source by name.
func (s *Sources) fingerprints() map[string]string {
	all := make(map[string]string, len(s.options.directory))
	for _, src := range s.options.directory {
		all[src.Name] = fingerprint(src)
	}
	return all
}

// remember adds the answers of earlier Sources that are asked in the same way.
func (s *Sources) remember(old *Sources) {
	before, now := old.fingerprints(), s.fingerprints()
	for k := range old.lookup.Known() {
		if before[k.Source] == now[k.Source] {
			s.lookup.Remember(k)
		}
	}
}

// prove checks the sources that differ from the old ones.
func (s *Sources) prove(old *Sources) error {
	ctx, cancel := context.WithTimeout(s.ctx, proving)
	defer cancel()
	var failed []error
	for i, err := range s.Check(ctx) {
		if err != nil && !old.has(s.options.directory[i]) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// has reports whether a source with the same options is among these.
func (s *Sources) has(one config.Source) bool {
	for _, src := range s.options.directory {
		if reflect.DeepEqual(src, one) {
			return true
		}
	}
	return false
}

// snapshotPath returns the path of the snapshot; "" for none.
func (s *Service) snapshotPath(cfg *config.Config) string {
	dir := s.stateDir(cfg)
	if dir == "" || !cfg.Cache.Snapshot || len(cfg.Directory) == 0 {
		return ""
	}
	return filepath.Join(dir, snapshotFile)
}

// restore returns the function that reads the snapshot at a start.
func (s *Service) restore(cfg *config.Config) func(*lookup.Lookup) {
	path := s.snapshotPath(cfg)
	if path == "" {
		return nil
	}
	return func(l *lookup.Lookup) {
		count := 0
		add := func(k lookup.Known) {
			count++
			l.Remember(k)
		}
		err := snapshot.Read(path, (&Sources{options: optionsOf(cfg)}).fingerprints(), add, 2*cfg.Cache.Entries)
		if err != nil {
			s.log.Warn("cannot read the answers of the last run", zap.String("file", path), zap.Error(err))
		}
		s.log.Info("answers of the last run loaded", zap.Int("answers", count))
	}
}

// save writes the snapshot.
func (s *Service) save() {
	now := s.current.Load()
	path := s.snapshotPath(now.cfg)
	if path == "" {
		return
	}
	if err := snapshot.Write(path, now.sources.fingerprints(), now.sources.lookup.Known(), 2*now.cfg.Cache.Entries); err != nil {
		s.log.Warn("cannot save the answers of sources; a restart forgets them", zap.Error(err))
	}
}

// saveSometimes writes the snapshot until ctx ends.
func (s *Service) saveSometimes(ctx context.Context) {
	tick := time.NewTicker(snapshotEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.save()
		case <-ctx.Done():
			return
		}
	}
}
