package systemd

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Listeners returns the sockets that systemd opened, by their names in the socket
// units (FileDescriptorName=). It returns them once: a second call, or a child
// process, gets none. If a socket does not listen, or two have the same name, it
// closes all and returns an error that names them.
func Listeners() (map[string]net.Listener, error) {
	all := map[string]net.Listener{}
	var errs []error
	for _, file := range activation.Files(true) {
		l, err := net.FileListener(file)
		errs = append(errs, file.Close()) // the listener has a copy
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("the systemd socket %s does not accept connections: %w", file.Name(), err))
		case all[file.Name()] != nil:
			errs = append(errs, fmt.Errorf("two systemd sockets have the name %s; give each socket unit its own FileDescriptorName= and a single ListenStream=", file.Name()), l.Close())
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
