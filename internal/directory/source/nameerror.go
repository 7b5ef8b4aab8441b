package source

// NameError is the error of a lookup that failed because of the name that was
// looked up: its row is broken, the column cannot hold it, or its DNS zone does not
// answer. The source works and answers other names. Every other error but
// ErrNotFound is a failure of the source itself.
type NameError struct {
	// Row marks a row that exists and that the operator must correct. Anybody can
	// make up the other names.
	Row bool
	Err error
}

func (e *NameError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *NameError) Unwrap() error { return e.Err }

// BrokenRow returns the NameError of a row or an entry that cannot be used.
func BrokenRow(err error) error { return &NameError{Row: true, Err: err} }

// OfName returns the NameError of a name that cannot be looked up.
func OfName(err error) error { return &NameError{Err: err} }
