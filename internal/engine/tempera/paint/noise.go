// Package paint is the arithmetic around the network: noise that is the same on every machine, the sampler that turns
// noise into a picture in a few steps, and the planes a picture is made of. It knows the network only as a function;
// tempera/reference.py fixes every formula and tempera/vectors hold both to it.
package paint

import (
	"math"
	"math/bits"
)

// Noise returns n standard normal numbers of a seed and stream: Philox4x32-10 with the seed as its key and the
// counter (block, 0, stream, 0), four numbers a block by Box–Muller.
func Noise(seed uint64, stream uint32, n int) []float32 {
	out := make([]float32, n+3)
	for block := 0; block*4 < n; block++ {
		w := philox([4]uint32{uint32(block), 0, stream, 0}, uint32(seed), uint32(seed>>32))
		for half := range 2 {
			// (0, 1], so that the logarithm is finite.
			u := (float64(w[2*half]) + 1) / (1 << 32)
			r := math.Sqrt(-2 * math.Log(u))
			sin, cos := math.Sincos(2 * math.Pi * float64(w[2*half+1]) / (1 << 32))
			out[4*block+2*half], out[4*block+2*half+1] = float32(r*cos), float32(r*sin)
		}
	}
	return out[:n]
}

// philox is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
func philox(c [4]uint32, k0, k1 uint32) [4]uint32 {
	for range 10 {
		hi0, lo0 := bits.Mul32(0xD2511F53, c[0])
		hi1, lo1 := bits.Mul32(0xCD9E8D57, c[2])
		c = [4]uint32{hi1 ^ c[1] ^ k0, lo1, hi0 ^ c[3] ^ k1, lo0}
		k0, k1 = k0+0x9E3779B9, k1+0xBB67AE85
	}
	return c
}
