package generation

import "fmt"

// Event is what can happen to a generation.
type Event string

// The events.
const (
	EventStart   Event = "start"   // a worker took it
	EventReturn  Event = "return"  // its worker put it back: drained, died, or could not
	EventSucceed Event = "succeed" //
	EventFail    Event = "fail"    //
	EventCancel  Event = "cancel"  //
)

// transitions is the whole life of a generation. What is not here cannot happen.
//
//	waiting ──start──▶ running ──succeed──▶ complete
//	   ▲  │               │ │ └────fail───▶ failed
//	   └──┼────return─────┘ └─────cancel──▶ cancelled
//	      └── fail, cancel ──▶ failed, cancelled
var transitions = map[State]map[Event]State{
	Waiting: {EventStart: Running, EventFail: Failed, EventCancel: Cancelled},
	Running: {
		EventStart:  Running, // its lease ran out and another worker took it
		EventReturn: Waiting, EventSucceed: Complete, EventFail: Failed, EventCancel: Cancelled,
	},
}

// Next returns the state that follows. A final state has no next: the caller came too late.
func Next(s State, e Event) (State, error) {
	next, ok := transitions[s][e]
	if !ok {
		return s, fmt.Errorf("a generation that is %s cannot %s", s, e)
	}
	return next, nil
}
