package lookup

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/waymark-mail/waymark/internal/address"
	"github.com/waymark-mail/waymark/internal/directory/source"
)

var (
	errNoRoom = source.OfName(errors.New("the column cannot hold it"))
	errRow    = source.BrokenRow(errors.New("column imap_port: must be a number"))
)

// TestAFailureOfAName asks for bad names, a hundred a second, and for customers
// that are cached and that are not.
func TestAFailureOfAName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		l := open(t, Options{}, f)
		defer l.Close()
		for i := range 1000 {
			f.fails(errNoRoom)
			want(t, l, address.Domain(fmt.Sprintf("bad%d.example", i)), "failed")
			f.fails(nil)
			customer := address.Domain(fmt.Sprintf("customer%d.example", i))
			f.knows("p", customer)
			want(t, l, customer, "a/p")
			want(t, l, "customer0.example", "a/p")
			time.Sleep(10 * time.Millisecond)
		}
	})
}

// TestAFailureOfANameIsRemembered asks for one bad name all the time.
func TestAFailureOfANameIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake)
		l := open(t, Options{}, f)
		defer l.Close()
		f.fails(errNoRoom)
		for range 100 {
			want(t, l, "bad.example", "failed")
		}
		wantQuestions(t, f, 1)
		want(t, l, "other.example", "failed")
		wantQuestions(t, f, 1)

		l.Invalidate("bad.example") // the row was corrected
		f.fails(nil)
		f.knows("p", "bad.example")
		want(t, l, "bad.example", "a/p")

		f.knows("p", "other.example")
		want(t, l, "other.example", "failed")
		time.Sleep(nameBackOff + time.Second)
		want(t, l, "other.example", "a/p")
	})
}

// TestACustomerWhoseRowBreaks gets the old answer, and the source few questions.
func TestACustomerWhoseRowBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := new(fake).knows("p", "d.example")
		l := open(t, Options{}, f)
		defer l.Close()
		want(t, l, "d.example", "a/p")
		wantQuestions(t, f, 1)
		time.Sleep(2 * time.Minute)
		f.fails(errRow)
		for range 20 { // in ten seconds
			want(t, l, "d.example", "a/p")
			time.Sleep(nameBackOff / 20)
		}
		wantQuestions(t, f, 1)
	})
}

// TestReportsOfNames checks that every broken row is named, and that a flood of
// names that anybody can make up is one line a minute.
func TestReportsOfNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var lines []string
		f := new(fake)
		l := open(t, Options{ReportName: func(_ string, d address.Domain, failures int, err error) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprint(d, " ", failures))
			if !strings.Contains(err.Error(), "source a: "+string(d)+": ") {
				t.Errorf("no domain beside the reason: %v", err)
			}
		}}, f)
		defer l.Close()
		minute := func() {
			for i := range 100 {
				f.fails(errNoRoom)
				want(t, l, address.Domain(fmt.Sprintf("made-up%d.example", i)), "failed")
				f.fails(errRow)
				want(t, l, address.Domain(fmt.Sprintf("row%d.example", i%3)), "unavailable")
			}
			time.Sleep(reportEvery)
		}
		minute()
		minute()
		rows := []string{"row0.example 1", "row1.example 1", "row2.example 1"}
		want := slices.Concat([]string{"made-up0.example 1"}, rows, []string{"made-up0.example 100"}, rows)
		if !slices.Equal(lines, want) {
			t.Errorf("got  %v\nwant %v", lines, want)
		}
	})
}
