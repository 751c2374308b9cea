package generation

import (
	"fmt"
	"time"

	"bottega/internal/access"
	"bottega/internal/asset"
	"bottega/internal/audit"
	"bottega/internal/fault"
	"bottega/internal/ledger"
	"bottega/internal/pricing"
	"bottega/internal/queue"
)

// operation is one entry of a batch: a submission, an ending, or a change of the lane.
type operation struct {
	submit *submission
	end    *ending
	ease   *easing
}

type submission struct {
	id, accountID, kind string
	actor               access.Actor
	planned             Planned
	quote               *pricing.Quote
	lane                Lane
	idemKey, idemHash   string
	requestID           string
	entitled            Entitlement
	forecast            *queue.Forecast // of the line; nil = not told
	audit               *audit.Line     // written with it; nil = nothing
	gift                bool            // the operator's: it holds nothing, and no bound of a plan is asked
	full                *fault.Error    // there is no room for what it would make; nil = there is
	at                  time.Time
}

// ending ends a generation, or refuses to when it has ended already.
type ending struct {
	id, accountID string
	teamID        string // whose tokens pay, so that entitled has the right schedule; empty = one's own
	event         Event  // succeed, fail or cancel
	attempt       int    // of the run that ends it; 0 = whoever runs it (cancel)
	images        []asset.Image
	failure       *Failure
	onlyWaiting   bool        // what runs by now goes on
	audit         *audit.Line // written with it; nil = nothing
	entitled      Entitlement
	at            time.Time
}

// world is what a batch has loaded, and what its operations have done to it so far.
type world struct {
	wallets     map[string]*ledger.Wallet
	holds       map[string]*ledger.Hold
	generations map[string]*row // by id
	byIdem      map[string]*row // by account and key
	tickets     map[string]queue.Ticket
	line        *queue.Line
	spending    spending
	members     map[memberKey]access.Membership // of those who let a team pay

	inserted []*row
	updated  []*row
	images   []asset.Image
	touched  []*row // whose events are due
	audits   []audit.Line
}

func idemID(accountID, key string) string { return accountID + "\n" + key }

// errEnded says that the generation had ended before.
var errEnded = fault.New(fault.Conflict, "generation_ended", "this generation has already ended")

// errStale says that the run that wants to end a generation has lost it to another one.
var errStale = fault.New(fault.Conflict, "stale_run", "another run has this generation")

// accept decides a submission: the same again, refused, or accepted with its price held.
func (w *world) accept(op *submission) (*Generation, error) {
	if op.idemKey != "" {
		if before := w.byIdem[idemID(op.accountID, op.idemKey)]; before != nil {
			if before.idemHash != op.idemHash {
				return nil, fault.New(fault.Conflict, "idempotency_key_reused",
					"this Idempotency-Key was used before with another request")
			}
			return &before.Generation, nil
		}
	}
	if op.full != nil {
		return nil, op.full
	}
	if err := w.room(op); err != nil {
		return nil, err
	}
	wallet := w.wallets[payer(op.actor)]
	if op.actor.Credits && op.actor.Team == "" {
		op.entitled.Schedule, op.entitled.Relaxed = op.entitled.Credits, false // the lane is of the plan of tokens
	}
	if err := wallet.Advance(op.at, op.entitled.Schedule); err != nil {
		return nil, err
	}
	if err := w.mayPay(op); err != nil {
		return nil, err
	}
	hold, lane, err := pay(wallet, op)
	if err != nil {
		return nil, err
	}
	w.holds[op.id] = hold
	r := &row{
		Generation: Generation{
			ID: op.id, AccountID: op.accountID, Kind: op.kind, Params: op.planned.Params, State: Waiting,
			Lane: lane, Price: hold.Amount, CreatedAt: op.at, TeamID: op.actor.Team,
		},
		model: op.planned.Model, pictures: op.planned.Count, timeout: op.planned.Timeout,
		sheetVersion: op.quote.SheetVersion, idemKey: op.idemKey, idemHash: op.idemHash, keyID: op.actor.KeyID,
	}
	ticket := &queue.Ticket{
		ID: op.id, AccountID: op.accountID, Share: queue.ShareOf(op.accountID, op.actor.Team), Lane: lineOf(lane, op.actor), Weight: op.quote.Total,
		Needs: op.planned.Engine, Model: op.planned.Model, QueuedAt: op.at, Pixels: op.planned.pixels(), RequestID: op.requestID,
	}
	w.spending.count(r, hold.Amount)
	own, behind := w.line.Add(ticket, op.entitled.Concurrency)
	if op.forecast != nil {
		place := op.forecast.Joining(*ticket, own, behind)
		ticket.Expected, r.Position, r.Starts = place.Wait, place.Position, place.Wait
		op.forecast.Accepted(*ticket)
	}
	w.generations[r.ID], w.tickets[r.ID] = r, *ticket
	if op.idemKey != "" {
		w.byIdem[idemID(op.accountID, op.idemKey)] = r
	}
	r.Position = max(1, r.Position)
	w.inserted, w.touched = append(w.inserted, r), append(w.touched, r)
	w.note(op.audit)
	return &r.Generation, nil
}

// note keeps an audit line, if there is one, for the end of the batch.
func (w *world) note(l *audit.Line) {
	if l != nil {
		w.audits = append(w.audits, *l)
	}
}

// lineOf is the lane of the line: programs do not hold up people, nor people programs.
func lineOf(lane Lane, actor access.Actor) string {
	if lane == Fast && actor.KeyID != "" {
		return queue.LaneAPI
	}
	return string(lane)
}

// mayPay refuses what an API key's budget or a member's limit does not cover any more. Relaxed work takes nothing from
// either, but a team's lane is for its members, too.
func (w *world) mayPay(op *submission) error {
	price := op.quote.Total
	if op.gift {
		return nil
	}
	if op.lane == Relaxed {
		price = 0
	}
	if op.actor.Team != "" {
		if err := w.memberMay(op, price); err != nil {
			return err
		}
	}
	return w.spending.allow(op, price)
}

// errNoRelaxed is the fault of asking for the relaxed lane on a plan without one.
var errNoRelaxed = fault.New(fault.Forbidden, "no_relaxed_lane", "your plan has no relaxed lane: work is paid with tokens")

// pay holds the price, or finds that the work can go on without: the relaxed lane is the last layer. It takes nothing,
// and is held all the same, so that every generation ends in one way.
func pay(w *ledger.Wallet, op *submission) (*ledger.Hold, Lane, error) {
	r := ledger.HoldRequest{GenerationID: op.id, SheetVersion: op.quote.SheetVersion, Note: holdNote(op), Model: op.planned.Model}
	if op.gift {
		h, err := w.Hold(r)
		return h, op.lane, err
	}
	if op.lane == Relaxed && !op.entitled.Relaxed {
		return nil, "", errNoRelaxed
	}
	if op.lane != Relaxed {
		r.Amount = op.quote.Total
		h, err := w.Hold(r)
		if err == nil {
			return h, Fast, nil
		}
		f := fault.As(err)
		if f == nil || f.Kind != fault.Insufficient {
			return nil, "", err
		}
		if op.lane == Fast || !op.entitled.Relaxed {
			if at := w.RenewsAt(op.entitled.Schedule); !at.IsZero() {
				f.Details["next_tokens_at"] = at.Format(time.RFC3339)
			}
			return nil, "", err
		}
	}
	r.Amount = 0
	h, err := w.Hold(r)
	return h, Relaxed, err
}

func holdNote(op *submission) string {
	return fmt.Sprintf("%s × %d, %s", op.kind, op.planned.Count, op.planned.Model)
}

// end decides an ending: it happens once, by the run that holds the lease or by a cancel, and the hold ends with it.
func (w *world) end(op *ending) (*Generation, error) {
	r := w.generations[op.id]
	if r == nil {
		return nil, ErrNotFound
	}
	if r.State.Final() {
		return &r.Generation, errEnded
	}
	if t := w.tickets[op.id]; op.attempt != 0 && t.Attempt != op.attempt {
		return &r.Generation, errStale
	}
	if op.onlyWaiting && r.State != Waiting {
		return &r.Generation, errNotWaiting
	}
	next, err := Next(r.State, op.event)
	if err != nil {
		return nil, err
	}
	hold := w.holds[op.id]
	if hold == nil || w.wallets[hold.WalletID] == nil {
		return nil, fmt.Errorf("end generation %s: its hold is missing", op.id)
	}
	if op.teamID != r.TeamID {
		return nil, fmt.Errorf("end generation %s: team %q pays for it, not %q", op.id, r.TeamID, op.teamID)
	}
	wallet, schedule := w.wallets[hold.WalletID], op.entitled.Schedule
	if _, ok := ledger.IsCredits(hold.WalletID); ok {
		schedule = op.entitled.Credits
	}
	if err := wallet.Advance(op.at, schedule); err != nil {
		return nil, err
	}
	charge := r.Price
	if next != Complete {
		charge = pricing.Share(r.Price, len(op.images), r.pictures)
	}
	ours := op.event != EventCancel || op.failure != nil // the operator's cancel gives a reason
	if err := wallet.Capture(hold, charge, ours); err != nil {
		return nil, fmt.Errorf("end generation %s: %w", op.id, err)
	}
	w.spending.count(r, charge-r.Price)
	r.State, r.Charged, r.Failure, r.FinishedAt = next, charge, op.failure, op.at
	r.Images, r.Position = op.images, 0
	var ran time.Duration
	if t := w.tickets[op.id]; next == Complete && t.Owner != "" {
		ran = op.at.Sub(t.LeasedAt)
	}
	if t, ok := w.tickets[op.id]; ok {
		w.line.Remove(t, op.entitled.Concurrency, ran)
	}
	delete(w.tickets, op.id)
	w.updated = append(w.updated, r)
	w.images, w.touched = append(w.images, op.images...), append(w.touched, r)
	w.note(op.audit)
	return &r.Generation, nil
}
