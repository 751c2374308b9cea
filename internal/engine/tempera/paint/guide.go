package paint

// GuidePlanes is how many planes a guide has: the reference's four, presence, known and contours.
const GuidePlanes = 7

const (
	presencePlane = 4
	knownPlane    = 5
	contourPlane  = 6
)

// Guide is what the network looks at beside the noise: [7,H,W] as tempera/FORMAT.md describes it, zero at first, which
// is "nothing to look at".
type Guide struct {
	Height, Width int
	Planes        []float32
}

// NewGuide returns a guide with nothing to look at.
func NewGuide(height, width int) *Guide {
	return &Guide{height, width, make([]float32, GuidePlanes*height*width)}
}

func (g *Guide) plane(i int) []float32 {
	n := g.Height * g.Width
	return g.Planes[i*n : (i+1)*n]
}

// Show lays planes [4,H,W] in as the reference, present everywhere.
func (g *Guide) Show(reference []float32) {
	copy(g.Planes, reference)
	for i := range g.plane(presencePlane) {
		g.plane(presencePlane)[i] = 1
	}
}

// Keep says where the picture is known and has to stay: planes truth [4,H,W] where known [H,W] is 1. What was shown
// elsewhere stays.
func (g *Guide) Keep(truth, known []float32) {
	n := g.Height * g.Width
	for i, k := range known {
		if k == 0 {
			continue
		}
		for c := range 4 {
			g.Planes[c*n+i] = truth[c*n+i]
		}
		g.plane(presencePlane)[i] = 1
		g.plane(knownPlane)[i] = 1
	}
}

// Trace lays in contours e [H,W], 0 … 1, with a weight above 0 … 1. Of several, each place keeps the strongest line.
func (g *Guide) Trace(contours []float32, weight float64) {
	plane, w := g.plane(contourPlane), float32(weight)
	traced := g.Traced()
	for i, e := range contours {
		v := w * (2*e - 1)
		if !traced || v > plane[i] {
			plane[i] = v
		}
	}
}

// Traced reports whether contours were laid in.
func (g *Guide) Traced() bool {
	for _, v := range g.plane(contourPlane) {
		if v != 0 {
			return true
		}
	}
	return false
}

// Shown reports whether there is a reference beside what is known.
func (g *Guide) Shown() bool {
	known := g.plane(knownPlane)
	for i, v := range g.plane(presencePlane) {
		if v > 0 && known[i] == 0 {
			return true
		}
	}
	return false
}

// Avoided returns the guide without its reference: what guidance leads away from knows only what has to stay, and the
// contours.
func (g *Guide) Avoided() *Guide {
	a := NewGuide(g.Height, g.Width)
	n := g.Height * g.Width
	copy(a.Planes[knownPlane*n:], g.Planes[knownPlane*n:])
	for i, k := range g.plane(knownPlane) {
		if k > 0 {
			for c := range presencePlane + 1 {
				a.Planes[c*n+i] = g.Planes[c*n+i]
			}
		}
	}
	return a
}
