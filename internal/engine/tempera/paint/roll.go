package paint

// The stream of the philox counter that a rolled picture takes its offsets from; 0 is the noise, 1 that of the finish.
const rollStream = 2

// Offset is how far a repeating picture is rolled at a look, in pixels: random multiples of cell in each direction, so
// that no place is at the network's border every time.
func Offset(seed uint64, look, cell, height, width int) (dx, dy int) {
	w := philox([4]uint32{uint32(look), 0, rollStream, 0}, uint32(seed), uint32(seed>>32))
	return cell * int(w[0]%uint32(width/cell)), cell * int(w[1]%uint32(height/cell))
}

// rolled shows the network a picture that repeats: rolled by another offset at each look, and with a margin of its
// opposite sides around it at those that are delivered, because a network answers worse at its border.
type rolled struct {
	job   *Job
	looks int
}

// view is what is shown at one look.
type view struct {
	job            *Job
	dx, dy, margin int
}

func (r *rolled) next(delivered bool) view {
	v := view{job: r.job}
	v.dx, v.dy = Offset(r.job.Seed, r.looks, r.job.Roll, r.job.Height, r.job.Width)
	if delivered {
		v.margin = r.job.Roll
	}
	r.looks++
	return v
}

// size of what is shown.
func (v view) size() (height, width int) { return v.job.Height + 2*v.margin, v.job.Width + 2*v.margin }

// show returns planes [k,H,W] as they are shown.
func (v view) show(planes []float32) []float32 {
	h, w := v.job.Height, v.job.Width
	wideH, wideW := v.size()
	out := make([]float32, 0, len(planes)/(h*w)*wideH*wideW)
	for start := 0; start < len(planes); start += h * w {
		for y := range wideH {
			row := start + mod(y-v.margin-v.dy, h)*w
			for x := range wideW {
				out = append(out, planes[row+mod(x-v.margin-v.dx, w)])
			}
		}
	}
	return out
}

// back writes what was answered, of the shown size, into planes [k,H,W].
func (v view) back(planes, answer []float32) {
	h, w := v.job.Height, v.job.Width
	wideH, wideW := v.size()
	for i := range planes {
		k, y, x := i/(h*w), i/w%h, i%w
		planes[i] = answer[(k*wideH+mod(y+v.dy, h)+v.margin)*wideW+mod(x+v.dx, w)+v.margin]
	}
}

func mod(i, n int) int { return (i%n + n) % n }
