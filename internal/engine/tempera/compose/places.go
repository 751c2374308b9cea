package compose

// The kinds of backdrop. Colours, ranges and the order of draws are those of tempera/scenes.py, on which the network
// was trained; a change there is a change here.
var builders = map[string]func(*dice) *Backdrop{
	"solid": solid, "gradient": gradient, "hill": hill, "meadow": meadow, "sky": sky, "sunset": sunset,
	"mountains": mountains, "forest": forest, "desert": desert, "snow": snow, "sea": sea, "beach": beach,
	"underwater": underwater, "night": night, "space": space, "city": city, "room": room,
}

// Solid and gradient grounds: pale, clear, deep.
var palette = [...]uint32{
	0xF6F1E7, 0xFFE3D3, 0xFFD6E0, 0xE7DBF7, 0xD5E5FA, 0xCFF0EC, 0xDDF3D0, 0xFFF3BF, 0xFFFFFF, 0xE9ECEF,
	0xFF8A65, 0xF0629A, 0x9C7BE0, 0x5B8DEF, 0x38B6C8, 0x4DBD74, 0xF7C948, 0xE85D4A, 0xA0714F, 0x9AA5B1,
	0x2B2D42, 0x1B3A5C, 0x14453D, 0x4A1942, 0x5C1A1B, 0x3D2B1F, 0x101018, 0x343A40,
}

func land(top, bottom uint32, ground float64) *Backdrop {
	return &Backdrop{top: hex(top), bottom: hex(bottom), ground: ground}
}

func solid(d *dice) *Backdrop {
	c := palette[d.pick(len(palette))]
	return land(c, c, 0)
}

func gradient(d *dice) *Backdrop {
	top := palette[d.pick(len(palette))]
	return land(top, palette[d.pick(len(palette))], 0)
}

func sun(d *dice, colour uint32, low, high float64) disc {
	x, y := d.between(0.12, 0.88), d.between(low, high)
	return disc{x, y, d.between(0.06, 0.12), hex(colour), 1}
}

func puff(x, y, r, alpha float64) []shape {
	white := hex(0xFFFFFF)
	return []shape{
		disc{x - r*1.1, y, r, white, alpha}, disc{x, y - r*0.5, r, white, alpha}, disc{x + r*1.1, y, r, white, alpha},
	}
}

func clouds(d *dice) []shape {
	var shapes []shape
	for range d.pick(3) {
		x, y := d.between(0.05, 0.95), d.between(0.08, 0.4)
		shapes = append(shapes, puff(x, y, d.between(0.04, 0.07), 0.9)...)
	}
	return shapes
}

func stars(d *dice, count int, floor float64) []shape {
	shapes := make([]shape, count)
	for i := range shapes {
		x, y := d.draw(), d.draw()*floor
		r := d.between(0.004, 0.012)
		shapes[i] = disc{x, y, r, hex(0xFFF8DC), d.between(0.5, 1)}
	}
	return shapes
}

// band draws a ridge's base, frequency and phase, in this order.
func band(d *dice, low, high, amp, slow, fast float64, top, bottom uint32) ridge {
	base := d.between(low, high)
	freq := d.between(slow, fast)
	return ridge{base, amp, freq, d.draw(), hex(top), hex(bottom)}
}

func hill(d *dice) *Backdrop {
	b := land(0x7CC6F2, 0xD9F1FB, 0.82)
	if d.draw() < 0.5 {
		b.add(sun(d, 0xFFE27A, 0.1, 0.3))
	}
	b.add(clouds(d)...)
	b.add(band(d, 0.58, 0.68, 0.05, 0.6, 1.1, 0x8FCB6B, 0x6FB556))
	b.add(band(d, 0.7, 0.76, 0.05, 0.4, 0.8, 0x6CBF4B, 0x3F8F3A))
	return b
}

func meadow(d *dice) *Backdrop {
	b := land(0x9AD8F5, 0xE8F7FB, 0.84)
	b.add(clouds(d)...)
	line := d.between(0.6, 0.7)
	b.add(ridge{line, 0.015, 1, d.draw(), hex(0x9BD770), hex(0x57A844)})
	tones := [...]uint32{0xFFFFFF, 0xFFD54F, 0xF48FB1, 0xCE93D8}
	for range 18 {
		x := d.draw()
		y := d.between(line+0.06, 0.98)
		r := d.between(0.008, 0.016)
		b.add(disc{x, y, r, hex(tones[d.pick(4)]), 1})
	}
	return b
}

func sky(d *dice) *Backdrop {
	b := land(0x4FA8EC, 0xCDEBFB, 0)
	if d.draw() < 0.4 {
		b.add(sun(d, 0xFFE27A, 0.1, 0.3))
	}
	for range 2 + d.pick(3) {
		x, y := d.between(0.05, 0.95), d.between(0.1, 0.92)
		b.add(puff(x, y, d.between(0.05, 0.09), 0.92)...)
	}
	return b
}

func sunset(d *dice) *Backdrop {
	tops := [...]uint32{0x5B3F8C, 0x2F4B8F, 0xA8436B}
	b := land(tops[d.pick(3)], 0xFFB36B, 0.84)
	x, y := d.between(0.25, 0.75), d.between(0.5, 0.62)
	b.add(disc{x, y, d.between(0.1, 0.16), hex(0xFFE9A0), 1})
	b.add(band(d, 0.64, 0.7, 0.04, 0.5, 1.2, 0x7A3B5E, 0x5A2B4E))
	b.add(band(d, 0.74, 0.8, 0.03, 0.4, 0.9, 0x4A2545, 0x2A1530))
	return b
}

func mountains(d *dice) *Backdrop {
	b := land(0x8EC5EE, 0xE6F3FA, 0.86)
	const foot = 0.78
	for range 3 {
		x, top := d.between(0.05, 0.95), d.between(0.18, 0.4)
		half := d.between(0.25, 0.42)
		b.add(peak{x, top, foot, half, hex(0x7E8FA6)})
		b.add(peak{x, top, top + 0.25*(foot-top), half * 0.25, hex(0xF7FAFC)})
	}
	b.add(band(d, 0.7, 0.76, 0.03, 0.5, 1, 0x7DBB5E, 0x4C8C46))
	return b
}

func forest(d *dice) *Backdrop {
	b := land(0xBFE3D0, 0xEAF6E6, 0.86)
	greens := [...]uint32{0x5E9C6B, 0x4B8A5C, 0x3A774D}
	for row := range 2 {
		for k := range 6 {
			x := (float64(k) + d.between(0.1, 0.9)) / 6
			b.add(box{x - 0.012, 0.66, x + 0.012, 0.78, hex(0x6B4A34)})
			top := d.between(0.16, 0.34) + 0.12*float64(row)
			half := d.between(0.07, 0.12)
			b.add(peak{x, top, 0.7, half, hex(greens[row+d.pick(2)])})
		}
	}
	b.add(ridge{0.74, 0.02, d.between(0.5, 1.2), d.draw(), hex(0x6FA653), hex(0x3E7A3B)})
	return b
}

func desert(d *dice) *Backdrop {
	b := land(0x79C3E8, 0xFCE9C8, 0.84)
	b.add(sun(d, 0xFFE08A, 0.1, 0.3))
	b.add(band(d, 0.56, 0.64, 0.05, 0.6, 1.2, 0xEBC07E, 0xD9A65F))
	b.add(band(d, 0.7, 0.78, 0.05, 0.4, 0.8, 0xF2CD8C, 0xD59B54))
	return b
}

func snow(d *dice) *Backdrop {
	b := land(0x9DB9DA, 0xE3EDF7, 0.84)
	b.add(band(d, 0.58, 0.66, 0.04, 0.6, 1.1, 0xDCE8F4, 0xC7D9EA))
	b.add(band(d, 0.7, 0.78, 0.04, 0.4, 0.8, 0xFFFFFF, 0xDDE8F3))
	for range 24 {
		x, y := d.draw(), d.draw()
		b.add(disc{x, y, d.between(0.006, 0.014), hex(0xFFFFFF), 0.9})
	}
	return b
}

func sea(d *dice) *Backdrop {
	b := land(0x85CDF4, 0xE2F5FC, 0.8)
	if d.draw() < 0.5 {
		b.add(sun(d, 0xFFE27A, 0.1, 0.3))
	}
	b.add(clouds(d)...)
	line := d.between(0.55, 0.66)
	b.add(ridge{line, 0.004, 6, d.draw(), hex(0x3FA6DA), hex(0x1E6FAE)})
	b.add(ridge{line + 0.14, 0.012, 4, d.draw(), hex(0x2F92CC), hex(0x17609C)})
	b.add(ridge{line + 0.27, 0.016, 3, d.draw(), hex(0x2380BC), hex(0x114F86)})
	return b
}

func beach(d *dice) *Backdrop {
	b := land(0x7CCBF5, 0xE4F6FC, 0.86)
	b.add(sun(d, 0xFFE27A, 0.1, 0.25))
	line := d.between(0.48, 0.56)
	b.add(ridge{line, 0.003, 6, d.draw(), hex(0x2FA9C9), hex(0x5FC9D6)})
	b.add(band(d, 0.68, 0.74, 0.02, 0.6, 1.2, 0xF9E5B5, 0xE8C583))
	return b
}

func underwater(d *dice) *Backdrop {
	b := land(0x3FB8DC, 0x0E4C82, 0)
	for range 12 {
		x, y := d.draw(), d.draw()*0.85
		b.add(disc{x, y, d.between(0.008, 0.03), hex(0xBFEAF7), 0.5})
	}
	b.add(band(d, 0.86, 0.9, 0.02, 0.6, 1.4, 0xE0C98F, 0xB99A5E))
	return b
}

func night(d *dice) *Backdrop {
	b := land(0x0E1638, 0x33407A, 0.84)
	b.add(stars(d, 26, 0.65)...)
	b.add(sun(d, 0xFFF4C8, 0.12, 0.3))
	b.add(band(d, 0.64, 0.7, 0.04, 0.6, 1.1, 0x26335F, 0x1C274C))
	b.add(band(d, 0.74, 0.8, 0.04, 0.4, 0.8, 0x1D2A4E, 0x10182F))
	return b
}

func space(d *dice) *Backdrop {
	tops := [...]uint32{0x0B0B23, 0x140B2E, 0x07162B}
	bottoms := [...]uint32{0x2A1B55, 0x10324F, 0x3A1B4B}
	top := tops[d.pick(3)]
	b := land(top, bottoms[d.pick(3)], 0)
	b.add(stars(d, 40, 1)...)
	if d.draw() < 0.6 {
		tones := [...]uint32{0xE0855C, 0x6CA6E0, 0xC58BDB, 0xE8C46A}
		x, y := d.between(0.1, 0.9), d.between(0.1, 0.9)
		r := d.between(0.06, 0.14)
		b.add(disc{x, y, r, hex(tones[d.pick(4)]), 1})
	}
	return b
}

// cityIsDark is the first draw of a city: below this it is night there.
const cityIsDark = 0.4

func city(d *dice) *Backdrop {
	b := land(0x9CD3F2, 0xF3E9DC, 0.9)
	tones, pane, road := [...]uint32{0x8FA3BF, 0xB7A6A0, 0x7F95A8}, hex(0xE6F2F8), hex(0x8C9199)
	if d.draw() < cityIsDark {
		b = land(0x1B2348, 0x5B4B8A, 0.9)
		tones, pane, road = [...]uint32{0x2C3566, 0x3A3F77, 0x232B57}, hex(0xFFE08A), hex(0x3A4056)
	}
	for k := range 7 {
		x0 := float64(k)/7 - 0.01
		w, top := d.between(0.11, 0.17), d.between(0.24, 0.55)
		b.add(box{x0, top, x0 + w, 0.84, hex(tones[d.pick(3)])})
		for row := range 3 {
			for column := range 2 {
				if d.draw() < 0.7 {
					x, y := x0+w*(0.2+0.4*float64(column)), top+0.04+0.09*float64(row)
					b.add(box{x, y, x + w*0.2, y + 0.04, pane})
				}
			}
		}
	}
	b.add(box{-0.1, 0.83, 1.1, 1.1, road})
	return b
}

func room(d *dice) *Backdrop {
	walls := [...]uint32{0xF3DFC9, 0xD8E4E8, 0xF2D4D4, 0xDDE6CF}
	floors := [...]uint32{0xB98A5E, 0x9C7350, 0xC7A27A}
	wall := walls[d.pick(4)]
	b := land(wall, wall, 0.88)
	x, y := d.between(0.1, 0.6), d.between(0.12, 0.2)
	b.add(box{x - 0.02, y - 0.02, x + 0.32, y + 0.32, hex(0xFFFFFF)})
	b.add(box{x, y, x + 0.3, y + 0.3, hex(0xA9DBF5)})
	b.add(box{x + 0.14, y, x + 0.16, y + 0.3, hex(0xFFFFFF)})
	b.add(box{-0.1, 0.7, 1.1, 0.72, hex(0xFFFFFF)})
	b.add(box{-0.1, 0.72, 1.1, 1.1, hex(floors[d.pick(3)])})
	return b
}
