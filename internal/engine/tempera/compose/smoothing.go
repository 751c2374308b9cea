package compose

import (
	"cmp"
	"math"
	"slices"
)

// Drawings made of fewer colours: smoothed, and parted into areas. For gradients (rendering.go), and before shaded drawings come
// into a flat hand's palette (palettes.go). tempera/smoothing.py is the same rule in Python; in integers, so that both do
// exactly the same.

const (
	smoothReach  = 4 // pixels round one that are heard
	smoothRounds = 4 // how often
	smoothAlike  = 25

	ownColourFrom = 128  // alpha from which a pixel has a colour of its own
	largeArea     = 1000 // how much areas hold together: up to a difference of largeArea / size
)

// smoothLike is how loud a pixel is heard by the square of its difference.
var smoothLike = func() (loud [16 * smoothAlike * smoothAlike]int) {
	for d := range loud {
		loud[d] = int(math.RoundToEven(1024 * math.Exp(-float64(d)/(2*smoothAlike*smoothAlike))))
	}
	return loud
}()

// straight is the colour of pixel i, not premultiplied; nothing's is 0.
func (l level) straight(i int) (colour [3]int) {
	if alpha := int(l.pix[4*i+3]); alpha > 0 {
		for k := range colour {
			colour[k] = min(255, (int(l.pix[4*i+k])*255+alpha/2)/alpha)
		}
	}
	return colour
}

// smoothed returns the drawing with every colour the mean of those around that are like it: the bilateral filter of Tomasi and
// Manduchi, ICCV 1998, with a box round the pixel, some times. In integers, so that Python does exactly the same.
func (l level) smoothed() level {
	n, wide := l.n, l.n+2*smoothReach
	at := func(i int) int { return (i/n+smoothReach)*wide + i%n + smoothReach }
	colour, alpha := make([][3]int, wide*wide), make([]int, wide*wide) // with a clear rim, so that no neighbour is outside
	for i := range n * n {
		alpha[at(i)] = int(l.pix[4*i+3])
		colour[at(i)] = l.straight(i)
	}
	for range smoothRounds {
		now := slices.Clone(colour)
		for i := range n * n {
			if p := at(i); alpha[p] > 0 {
				now[p] = meanOfAlike(colour, alpha, p, wide)
			}
		}
		colour = now
	}
	out := level{n, slices.Clone(l.pix)}
	for i := range n * n {
		for k, v := range colour[at(i)] {
			out.pix[4*i+k] = uint8((v*alpha[at(i)] + 127) / 255)
		}
	}
	return out
}

func meanOfAlike(colour [][3]int, alpha []int, p, wide int) [3]int {
	var total [3]int
	weight, own := 0, colour[p]
	for y := p - smoothReach*wide; y <= p+smoothReach*wide; y += wide {
		for q := y - smoothReach; q <= y+smoothReach; q++ {
			near := colour[q]
			r, g, b := near[0]-own[0], near[1]-own[1], near[2]-own[2]
			apart := r*r + g*g + b*b
			if apart >= len(smoothLike) {
				continue
			}
			heard := smoothLike[apart] * alpha[q]
			total[0] += heard * near[0]
			total[1] += heard * near[1]
			total[2] += heard * near[2]
			weight += heard
		}
	}
	for k := range total {
		total[k] = (total[k] + weight/2) / weight
	}
	return total
}

// areas says which area a solid pixel is in, -1 for others. Neighbours are joined in the order of how little they differ, as
// long as that is not much more than what differs inside of either (Felzenszwalb and Huttenlocher, Efficient graph-based image
// segmentation, IJCV 2004): shades become one area, and parts stay apart.
func (l level) areas() []int {
	smooth, n := l.smoothed(), l.n
	colour := make([][3]int, n*n)
	for i := range colour {
		colour[i] = smooth.straight(i)
	}
	solid := func(i int) bool { return l.pix[4*i+3] >= ownColourFrom }
	type pair struct{ one, other, apart int }
	var pairs []pair
	beside := func(i, j int) {
		if solid(i) && solid(j) {
			apart := 0
			for k := range 3 {
				apart = max(apart, colour[i][k]-colour[j][k], colour[j][k]-colour[i][k])
			}
			pairs = append(pairs, pair{i, j, apart})
		}
	}
	for i := range n * n {
		if i%n < n-1 {
			beside(i, i+1)
		}
	}
	for i := range n * (n - 1) {
		beside(i, i+n)
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(a.apart, b.apart) })
	up, size, inside := make([]int, n*n), make([]int, n*n), make([]int, n*n)
	for i := range up {
		up[i], size[i] = i, 1
	}
	root := func(i int) int {
		for up[i] != i {
			up[i] = up[up[i]]
			i = up[i]
		}
		return i
	}
	for _, p := range pairs {
		a, b := root(p.one), root(p.other)
		if a != b && (p.apart-inside[a])*size[a] <= largeArea && (p.apart-inside[b])*size[b] <= largeArea {
			up[b], size[a], inside[a] = a, size[a]+size[b], p.apart
		}
	}
	for i := range up {
		if !solid(i) {
			up[i] = -1
		} else if r := root(i); r != i {
			up[i] = r
		}
	}
	return up
}
