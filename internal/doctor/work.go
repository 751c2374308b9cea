package doctor

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"bottega/internal/db"
	"bottega/internal/generation"
	"bottega/internal/ledger"
	"bottega/internal/mail"
	"bottega/internal/queue"
)

// workers looks at who works.
func (e *examination) workers(ctx context.Context) {
	const check = "workers"
	if e.db == nil || !e.current {
		return
	}
	list, err := queue.Workers(ctx, e.db)
	if err != nil {
		e.say(check, Bad, "", "%v", err)
		return
	}
	now, there, silent := e.Clock.Now(), 0, 0
	for _, w := range list {
		seen := db.Time(w.SeenAt)
		switch {
		case seen.Sub(now) > skewBad:
			e.say(check, Bad, "let all machines keep time with NTP", "%s was heard of %s in the future", w.Owner, ago(seen.Sub(now)))
		case w.Gone(now):
			silent++
		default:
			there++
		}
	}
	switch {
	case silent > 0:
		e.say(check, Warn, "nothing, if they were killed: what they ran moves on by itself. Otherwise look at their logs",
			"%d work, and %d were silent for so long that their work moves on", there, silent)
	case there == 0:
		e.say(check, Warn, "start `bottega serve`", "nobody works")
	default:
		e.ok(check, "%d work", there)
	}
}

// late is how long a lease is over when something is wrong with those who should take the work up.
const late = 2 * time.Minute

// line looks at work that does not move.
func (e *examination) line(ctx context.Context) {
	const check = "line"
	if e.db == nil || !e.current {
		return
	}
	now := e.Clock.Now()
	lanes, err := queue.States(ctx, e.db)
	if err != nil {
		e.say(check, Bad, "", "%v", err)
		return
	}
	stuck, err := queue.Stuck(ctx, e.db, now.Add(-late))
	if err != nil {
		e.say(check, Bad, "", "%v", err)
		return
	}
	waiting, fine := 0, true
	for _, l := range lanes {
		waiting += l.Waiting + l.Admitted
		if l.Paused {
			fine = false
			e.say(check, Warn, "bottega admin queue resume "+l.Lane, "the lane %s is paused", l.Lane)
		}
	}
	if stuck.Leases > 0 {
		fine = false
		e.say(check, Bad, "start a server or a worker with the engine they need", "%d generations were lost by their worker more than %s ago, and nobody took them up", stuck.Leases, ago(late))
	}
	if missing := e.unable(ctx, stuck); len(missing) > 0 {
		fine = false
		e.say(check, Bad, "start a server or a worker that has it", "work waits for an engine that nobody has: %s", strings.Join(missing, ", "))
	}
	if fine {
		e.ok(check, "%d generations wait", waiting)
	}
}

// unable names the engines that work waits for and that nobody who works has. Where nobody works at all, that is said
// elsewhere.
func (e *examination) unable(ctx context.Context, stuck queue.StuckWork) (missing []string) {
	list, err := queue.Workers(ctx, e.db)
	if err != nil {
		return nil
	}
	var has []string
	for _, w := range list {
		if !w.Gone(e.Clock.Now()) {
			has = append(has, w.Engines...)
		}
	}
	for engine, n := range stuck.Waiting {
		if len(has) > 0 && !slices.Contains(has, engine) {
			missing = append(missing, fmt.Sprintf("%s (%d)", engine, n))
		}
	}
	slices.Sort(missing)
	return missing
}

// someWallets are computed again without --full.
const someWallets = 200

// ledger computes balances again.
func (e *examination) ledger(ctx context.Context) {
	const check = "ledger"
	if e.db == nil || !e.current {
		return
	}
	var first string
	problems := 0
	problem := func(p string) {
		if problems++; first == "" {
			first = p
		}
	}
	service := ledger.NewService(e.db, e.Clock, nil) // nothing is granted here: it only reads
	checked, err := service.VerifySome(ctx, "", someWallets, problem)
	if e.Full {
		problems, first = 0, ""
		checked, err = service.Verify(ctx, problem)
	}
	if err == nil {
		err = generation.Check(ctx, e.db, problem)
	}
	switch {
	case err != nil:
		e.say(check, Bad, "look at the database", "it cannot be computed: %v", err)
	case problems > 0:
		e.say(check, Bad, "keep a copy of the database before anything else, run `bottega admin ledger verify`, and report it", "%d problems, the first: %s", problems, first)
	case checked.Next != "":
		e.ok(check, "%d wallets are right; --full looks at all", checked.Wallets)
	default:
		e.ok(check, "all %d wallets are right", checked.Wallets)
	}
}

// mail looks at the settings, and whether the server of mails can be reached.
func (e *examination) mail(ctx context.Context) {
	const check = "mail"
	sender, err := mail.New(e.Mail)
	switch {
	case err != nil:
		e.say(check, Bad, "see docs/operations.md, Mail", "%v", err)
		return
	case sender == nil:
		e.ok(check, "none is sent: what people are to be told stands in the studio")
		return
	case e.PublicURL == "":
		e.say(check, Warn, "name the address with --public-url", "mails have no links to the studio")
	}
	u, err := url.Parse(e.Mail.URL)
	if err != nil {
		return // mail.New has read it
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"smtp": "587", "smtps": "465"}[u.Scheme]
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		e.say(check, Bad, "see that the host and the port are right, and that no firewall is between", "the server of mails cannot be reached: %v", err)
		return
	}
	_ = c.Close()
	e.ok(check, "%s can be reached", u.Hostname())
}

func (e *examination) payments(context.Context) {
	const check = "payments"
	p, public := e.Payments, strings.HasPrefix(e.PublicURL, "https://")
	switch {
	case !p.On:
		e.ok(check, "none are taken")
	case !p.Messages:
		e.say(check, Bad, "set --stripe-webhook-secrets", "the provider's messages cannot be checked, so payments are noticed late, and refunds and disputes perhaps never")
	case p.Test && public:
		e.say(check, Warn, "use a live key when people are to pay", "payments are a test: the key is a test key, and the studio has a public address")
	case !p.Test && !public:
		e.say(check, Warn, "name the https address with --public-url", "payments are real, and the provider does not know the way back: there is no https address")
	default:
		e.ok(check, "they are set up")
	}
}
