package snapshot

import (
	"bufio"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/lookup"
)

// version is the version of the file format. A file of another version is ignored.
const version = 1

// header is at the begin of the file.
type header struct {
	Version int
	// Sources are the fingerprints of the sources by name: answers count only for a
	// source that is asked in the same way.
	Sources map[string]string
}

// maxFile bounds what is read, in octets. A domain has about 80, so this is enough
// for 50 million.
const maxFile = 4 << 30

// Write replaces the file with at most so many answers. sources are fingerprints
// by name.
func Write(path string, sources map[string]string, known iter.Seq[lookup.Known], most int) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	if err = errors.Join(encode(f, header{version, sources}, known, most), f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func encode(f io.Writer, h header, known iter.Seq[lookup.Known], most int) error {
	buffer := bufio.NewWriterSize(f, 1<<16)
	to := gob.NewEncoder(buffer)
	if err := to.Encode(h); err != nil {
		return err
	}
	for k := range known {
		if most--; most < 0 {
			break
		}
		if err := to.Encode(k); err != nil {
			return err
		}
	}
	return buffer.Flush()
}

// Read calls add with the answers of those sources that have the same fingerprint
// now. A missing file has none. It reads at most so many.
func Read(path string, sources map[string]string, add func(lookup.Known), most int) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(decode(f, sources, add, most), f.Close())
}

func decode(f io.Reader, sources map[string]string, add func(lookup.Known), most int) error {
	from := gob.NewDecoder(bufio.NewReaderSize(io.LimitReader(f, maxFile), 1<<16))
	var h header
	if err := from.Decode(&h); err != nil {
		return fmt.Errorf("cannot be read: %w", err)
	}
	if h.Version != version {
		return fmt.Errorf("has version %d, not %d", h.Version, version)
	}
	for range most {
		var k lookup.Known
		if err := from.Decode(&k); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("cannot be read: %w", err)
		}
		if d, err := address.ParseDomain(string(k.Domain)); err != nil || d != k.Domain {
			return errors.New("has a name that is not a domain")
		}
		if now, ok := sources[k.Source]; ok && now == h.Sources[k.Source] {
			add(k)
		}
	}
	return nil
}
