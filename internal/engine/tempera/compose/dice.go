// Package compose turns a scene and a seed into a layout, and the layout into a rough RGBA reference that the network
// looks at. It promises that the same scene, seed and library give the same pixels, that relations and counts of the
// scene hold in the layout, and that every drawing used is named. tempera/composing.py is the same composer in Python;
// tempera/vectors hold both to it. What it makes is never delivered: painting is left to the network.
package compose

// Streams of random numbers, one for each purpose, so that a change in one does not move the others.
const (
	drawingStream = iota
	layoutStream
	backdropStream
	paintStream
	bendStream
)

// dice is a counter hash (splitmix64), the same in Python and Go.
type dice struct{ state uint64 }

func newDice(seed int64, stream uint64) *dice { return &dice{uint64(seed)*8 + stream} }

// draw returns the next number in [0, 1).
func (d *dice) draw() float64 {
	d.state += 0x9E3779B97F4A7C15
	z := d.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	z ^= z >> 31
	return float64(z>>11) / (1 << 53)
}

func (d *dice) between(low, high float64) float64 { return low + (high-low)*d.draw() }

func (d *dice) pick(n int) int { return int(d.draw() * float64(n)) }
