package queue

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"bottega/internal/db"
	"bottega/internal/token"
)

// What a machine says of its own models: how fast they are here, and which are in memory.

// tempo is the pace of each model on this machine, learned from its runs as the installation's is (savePace). The zero value
// knows nothing.
type tempo struct {
	telling sync.Mutex // one at a time writes the rows of this machine
	mu      sync.Mutex
	paces   map[modelKey]learned
	told    map[modelKey]onHost // as it was written down last, at that time
	at      time.Time
}

type learned struct {
	pace time.Duration
	runs int
}

// note learns from a run that went well and ends now.
func (t *tempo) note(ran Ticket, now time.Time) {
	took := now.Sub(ran.LeasedAt)
	if took <= 0 || ran.Weight <= 0 {
		return
	}
	pace := time.Duration(float64(took) * float64(token.Whole(perTokens)) / float64(ran.Weight))
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paces == nil {
		t.paces = map[modelKey]learned{}
	}
	l := t.paces[ran.key()]
	l.runs++
	l.pace += (pace - l.pace) / time.Duration(min(l.runs, 20))
	t.paces[ran.key()] = l
}

// of is the pace of a model here; 0 = not measured.
func (t *tempo) of(k modelKey) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paces[k].pace
}

// addTo puts the models whose pace is known among those that are told.
func (t *tempo) addTo(models map[modelKey]onHost) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, l := range t.paces {
		m := models[k]
		m.pace = l.pace
		models[k] = m
	}
}

// How often what changed little is told again.
const (
	tellUsed  = 30 * time.Second
	tellAgain = time.Minute
)

// news reports whether the models are not as they were told.
func (t *tempo) news(models map[modelKey]onHost, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(models) != len(t.told) || len(models) > 0 && (now.Sub(t.at) >= tellAgain || now.Before(t.at)) {
		return true
	}
	for k, m := range models {
		was, ok := t.told[k]
		if !ok || m.resident != was.resident || m.loads != was.loads || m.memory != was.memory || m.used.Sub(was.used) > tellUsed || (m.pace-was.pace).Abs() > was.pace/10 {
			return true
		}
	}
	return false
}

func (t *tempo) said(models map[modelKey]onHost, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told, t.at = models, now
}

// modelsHere is what there is to say of the models of this machine.
func (d *Dispatcher) modelsHere(now time.Time) map[modelKey]onHost {
	models := map[modelKey]onHost{}
	if d.loader != nil {
		models = d.loader.here(now, d.tempo.of)
	}
	d.tempo.addTo(models)
	return models
}

// tellModels writes down the models of this machine where they are not as they were told.
func (d *Dispatcher) tellModels(ctx context.Context, models map[modelKey]onHost, now time.Time) error {
	d.tempo.telling.Lock()
	defer d.tempo.telling.Unlock()
	d.tempo.addTo(models)
	if !d.tempo.news(models, now) {
		return nil
	}
	err := d.db.Tx(ctx, func(tx *db.Tx) error { return announceModels(ctx, tx, d.opt.Owner, models) })
	if err == nil {
		d.tempo.said(models, now)
	}
	return err
}

// Outcomes of loads, and reasons of evictions, as they are counted.
const (
	OutcomeDone    = "done"
	OutcomeFailed  = "failed"
	OutcomeDropped = "dropped"
	OutcomeLost    = "lost" // this process ended, was drained or lost its lease: somebody else begins again

	EvictedRoom  = "room"
	EvictedIdle  = "idle"
	EvictedDrain = "drain"
)

// ModelCount is what this process did with a model, workers that are connected to it included.
type ModelCount struct {
	Engine, Model string
	Loads         map[string]int64 // by outcome
	Seconds       float64          // of all loads
	Evictions     map[string]int64 // by reason
}

type modelCounts struct {
	mu sync.Mutex
	of map[modelKey]*ModelCount
}

// get returns the count of a model. The caller holds mu.
func (c *modelCounts) get(k modelKey) *ModelCount {
	if c.of == nil {
		c.of = map[modelKey]*ModelCount{}
	}
	if c.of[k] == nil {
		c.of[k] = &ModelCount{Engine: k.engine, Model: k.model, Loads: map[string]int64{}, Evictions: map[string]int64{}}
	}
	return c.of[k]
}

func (c *modelCounts) ended(k modelKey, outcome string, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.get(k)
	m.Loads[outcome]++
	m.Seconds += took.Seconds()
}

func (c *modelCounts) evicted(k modelKey, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.get(k).Evictions[reason]++
}

// ModelCounts tells what this process did with models so far, by name.
func (d *Dispatcher) ModelCounts() []ModelCount {
	d.counts.mu.Lock()
	defer d.counts.mu.Unlock()
	var list []ModelCount
	for _, k := range slices.SortedFunc(maps.Keys(d.counts.of), compareModels) {
		m := *d.counts.of[k]
		m.Loads, m.Evictions = maps.Clone(m.Loads), maps.Clone(m.Evictions)
		list = append(list, m)
	}
	return list
}
