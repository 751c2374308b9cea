package main

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
)

// wallet finds the model that pays for a generation: credits are marked.
func (p *villager) payer(id string) (*life, string) {
	if own, ok := strings.CutPrefix(id, "credits:"); ok {
		return p.api, own
	}
	return p.life, id
}

// work asks for pictures: with tokens in one of the lanes, or with API credits.
func (p *villager) work() {
	count := 1 + p.dice.IntN(3)
	price := int64(count) * p.v.price
	if p.person.key != "" && p.dice.IntN(3) == 0 {
		p.workWithCredits(count, price)
		return
	}
	lane := []string{"", "", "fast", "relaxed"}[p.dice.IntN(4)]
	p.quote(count, price)
	var header []string
	if lane != "" {
		header = []string{"Bottega-Lane", lane}
	}
	request := small(count)
	upload := ""
	if p.v.stands && p.dice.IntN(2) == 0 {
		upload = p.upload()
		request["init_image"] = upload
	}
	w, err := p.ask(request, header...)
	if upload != "" { // before the work begins: it will fail, and give back what it held
		if gone := p.send("DELETE", "/api/studio/uploads/"+upload, nil, nil); gone != nil {
			p.wrong("delete the upload: %v", gone)
		}
	}
	refusal, _ := errors.AsType[*problem](err)
	relaxed := offers[p.life.plan].relaxed
	enough := price <= p.life.available()
	p.say("%d pictures for %d in the lane %q: %+v %v", count, price, lane, w, err)
	switch {
	case lane == "relaxed" && !relaxed:
		if refusal == nil || refusal.Code != "no_relaxed_lane" {
			p.wrong("there is no relaxed lane, and it was asked for: %v", err)
		}
	case lane != "relaxed" && !enough && (lane == "fast" || !relaxed):
		if refusal == nil || refusal.Status != 402 || refusal.Code != "insufficient_tokens" || refusal.Details["available_mt"] != float64(p.life.available()) ||
			refusal.Details["missing_mt"] != float64(price-p.life.available()) {
			p.wrong("it costs %d, there are %d: %+v", price, p.life.available(), err)
		}
	case err != nil:
		p.wrong("refused: %v", err)
	default:
		paid, in := price, "fast"
		if lane == "relaxed" || !enough {
			paid, in = 0, "relaxed"
		}
		if w.Price != paid || w.Lane != in {
			p.wrong("it should cost %d in the lane %s, and is %+v", paid, in, w)
		}
		p.life.hold(w.ID, paid)
		p.open = append(p.open, w.ID)
	}
}

// upload keeps a picture of the size that small asks for.
func (p *villager) upload() string {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 136, 64))); err != nil {
		p.v.t.Error(err)
	}
	var up struct {
		ID string `json:"id"`
	}
	if err := p.send("POST", "/api/studio/uploads", file.Bytes(), &up); err != nil {
		p.wrong("upload: %v", err)
	}
	return up.ID
}

func (p *villager) workWithCredits(count int, price int64) {
	own := &client{base: p.base, key: p.person.key}
	_, id, err := own.pay(count)
	p.say("%d pictures for %d credits: %v", count, price, err)
	refusal, _ := errors.AsType[*problem](err)
	switch enough := price <= p.api.available(); {
	case enough && err == nil:
		p.api.hold(id, price)
		p.open = append(p.open, "credits:"+id)
	case enough, refusal == nil, refusal.Status != 402, refusal.Code != "insufficient-credits":
		p.wrong("it costs %d, there are %d credits: %v", price, p.api.available(), err)
	}
}

// quote asks for the price without taking anything.
func (p *villager) quote(count int, price int64) {
	var q struct {
		Total     int64 `json:"total_mt"`
		Available int64 `json:"available_mt"`
		Enough    bool  `json:"enough"`
		After     int64 `json:"after_mt"`
		Draws     []struct {
			Layer  string `json:"layer"`
			Amount int64  `json:"amount_mt"`
		} `json:"draws"`
	}
	err := p.send("POST", "/api/studio/quote", small(count), &q)
	there := p.life.available()
	if err != nil || q.Total != price || q.Available != there || q.Enough != (price <= there) || q.Enough && q.After != there-price {
		p.wrong("quoted %+v (%v); the model says %d of %d", q, err, price, there)
	}
	sum := int64(0)
	for _, d := range q.Draws {
		sum += d.Amount
	}
	if q.Enough && sum != price {
		p.wrong("the layers pay %d of %d: %+v", sum, price, q.Draws)
	}
}

// settle cancels some of what is open, and waits for the rest where it can end; the model follows in the order in which
// the journal has them.
func (p *villager) settle(ends bool) {
	var over []work
	left := p.open[:0:0]
	for _, id := range p.open {
		_, own := p.payer(id)
		cancelled := p.dice.IntN(4) == 0
		if cancelled {
			err := p.send("POST", "/api/studio/generations/"+own+"/cancel", nil, nil)
			if refusal, ok := errors.AsType[*problem](err); err != nil && (!ok || refusal.Code != "generation_ended") {
				p.wrong("cancel %s: %v", own, err)
			}
		}
		if !ends && !cancelled {
			left = append(left, id)
			continue
		}
		over = append(over, p.ended(p.v.t, own))
	}
	ids := slices.Clone(p.open)
	p.open = left
	p.follow(ids, over)
}

func (p *villager) follow(ids []string, over []work) {
	if len(over) == 0 {
		return
	}
	at := map[string]int{}
	for _, of := range []string{"tokens", "credits"} {
		lines, err := p.journal(of)
		if err != nil {
			p.wrong("journal: %v", err)
		}
		for n, l := range lines {
			if l.Work != nil && l.Op != "hold" && at[*l.Work] == 0 {
				at[*l.Work] = n + 1
			}
		}
	}
	slices.SortStableFunc(over, func(a, b work) int { return at[a.ID] - at[b.ID] })
	for _, w := range over {
		l, _ := p.payer(w.ID)
		if slices.Contains(ids, "credits:"+w.ID) {
			l = p.api
		}
		if w.Charged > w.Price || w.State == "complete" && w.Charged != w.Price || w.State == "failed" && (w.Charged != 0 || w.Failure == nil) {
			p.wrong("it ended as %+v", w)
		}
		l.end(w.ID, w.Charged, w.State != "cancelled")
		p.v.ended(w)
		p.say("%s: %s, %d charged", w.ID, w.State, w.Charged)
	}
}
