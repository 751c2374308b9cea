package event

// NotifyAll wakes every subscriber, as Run does when it starts.
func (h *Hub) NotifyAll() { h.notify(nil) }
