package paint

// The stream of the philox counter that a rolled picture takes its offsets from; 0 is the noise, 1 that of the finish.
const rollStream = 2

// Offset is how far a repeating picture is rolled at a step, in pixels: random multiples of cell in each direction, so
// that no place is at the network's border twice in a row and none has a seam.
func Offset(seed uint64, step, cell, height, width int) (dx, dy int) {
	w := philox([4]uint32{uint32(step), 0, rollStream, 0}, uint32(seed), uint32(seed>>32))
	return cell * int(w[0]%uint32(width/cell)), cell * int(w[1]%uint32(height/cell))
}

// roll writes planes [k,H,W] into to, moved right by dx and down by dy; what leaves on one side enters on the other.
func roll(to, from []float32, height, width, dx, dy int) {
	dx, dy = (dx+width)%width, (dy+height)%height
	for start := 0; start < len(from); start += width {
		y := start / width % height
		row := start - y*width + (y+dy)%height*width
		copy(to[row+dx:row+width], from[start:start+width-dx])
		copy(to[row:row+dx], from[start+width-dx:start+width])
	}
}

// rolled is the network on a rolled canvas.
type rolled struct {
	job            *Job
	asked, avoided Branch
	z, x           []float32
	step           int
}

func newRolled(job *Job) *rolled {
	n := job.Height * job.Width
	r := &rolled{job: job, asked: job.Asked, avoided: job.Avoided, z: make([]float32, 4*n), x: make([]float32, 4*n)}
	r.asked.Guide, r.avoided.Guide = make([]float32, len(job.Asked.Guide)), make([]float32, len(job.Avoided.Guide))
	return r
}

// turn rolls z and the guides by this step's offset and returns what the network is shown, and what rolls its answer
// back.
func (r *rolled) turn(z []float32) (shown []float32, back func(x []float32)) {
	j := r.job
	dx, dy := Offset(j.Seed, r.step, j.Roll, j.Height, j.Width)
	r.step++
	roll(r.z, z, j.Height, j.Width, dx, dy)
	roll(r.asked.Guide, j.Asked.Guide, j.Height, j.Width, dx, dy)
	roll(r.avoided.Guide, j.Avoided.Guide, j.Height, j.Width, dx, dy)
	return r.z, func(x []float32) {
		copy(r.x, x)
		roll(x, r.x, j.Height, j.Width, -dx, -dy)
	}
}
