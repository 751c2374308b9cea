package clock

import (
	"fmt"
	"time"
)

// Parse reads what clock to go by: "" is the machine's, an instant such as 2027-01-31T12:00:00Z a clock that stands
// still there, and a duration such as 720h or -48h the machine's, so much ahead. For rehearsals on a copy of the data.
func Parse(s string) (Clock, error) {
	if s == "" {
		return System{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return NewFake(t), nil
	}
	by, err := time.ParseDuration(s)
	if err != nil {
		return nil, fmt.Errorf("clock %q: want an instant such as 2027-01-31T12:00:00Z, or a duration such as 720h", s)
	}
	return ahead(by.Truncate(time.Microsecond)), nil
}

// ahead is the machine's clock, moved.
type ahead time.Duration

func (a ahead) Now() time.Time { return System{}.Now().Add(time.Duration(a)) }
