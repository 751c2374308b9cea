package compose

import "testing"

// Where a number was asked for, so many shapes can be counted in the picture.
func TestArrange_MembersDoNotTouch(t *testing.T) {
	c := vectorComposer(t)
	for n, word := range []string{"two", "three", "four", "five", "six", "seven", "eight", "nine"} {
		for seed := range int64(2) {
			for _, size := range [][2]int{{256, 256}, {320, 200}} {
				for _, prompt := range []string{word + " dogs", word + " dogs around a tree", word + " dogs in a circle"} {
					scene := c.Reader.Read(prompt)
					l, err := c.Arrange(&scene, seed, size[0], size[1])
					if err != nil {
						t.Fatal(err)
					}
					l.Items = some(l.Items, func(i Item) bool { return i.Group == 0 })
					canvas, err := l.Reference(size[0], size[1], "")
					if err != nil {
						t.Fatal(err)
					}
					if got := countShapes(canvas); got != n+2 {
						t.Errorf("%s, seed %d, %v: %d shapes", prompt, seed, size, got)
					}
				}
			}
		}
	}
}

// countShapes returns how many connected parts of the canvas are more than half opaque.
func countShapes(c *Canvas) (found int) {
	known := make([]bool, len(c.Pix))
	for start := range c.Pix {
		if known[start] || c.Pix[start][3] <= 0.5 {
			continue
		}
		found++
		known[start] = true
		for todo := []int{start}; len(todo) > 0; {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, next := range []int{at - 1, at + 1, at - c.Width, at + c.Width} {
				if next >= 0 && next < len(c.Pix) && !known[next] && c.Pix[next][3] > 0.5 {
					known[next] = true
					todo = append(todo, next)
				}
			}
		}
	}
	return found
}
