package systemd

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Listeners takes over the sockets that systemd opened, by the names that the
// socket units give them (FileDescriptorName=); it is empty without any. It
// returns them once: a second call finds none, as do processes that this one
// starts. An error names the socket that does not listen, or the name that two
// have; all are closed then.
func Listeners() (map[string]net.Listener, error) {
	all := map[string]net.Listener{}
	var errs []error
	for _, file := range activation.Files(true) {
		l, err := net.FileListener(file)
		errs = append(errs, file.Close()) // the listener has a copy
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the socket %s of systemd does not listen for connections: %w", file.Name(), err))
		case all[file.Name()] != nil:
			errs = append(errs, fmt.Errorf("two sockets of systemd have the name %s: give each its own by FileDescriptorName=, and only one ListenStream=", file.Name()), l.Close())
		default:
			all[file.Name()] = l
		}
	}
	if err := errors.Join(errs...); err != nil {
		for _, l := range all {
			err = errors.Join(err, l.Close())
		}
		return nil, err
	}
	return all, nil
}
