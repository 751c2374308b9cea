package stripe_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"bottega/internal/access"
	"bottega/internal/app"
	"bottega/internal/apptest"
	"bottega/internal/clock"
	"bottega/internal/payment"
	"bottega/internal/payment/stripe"
	"bottega/internal/plan"
	"bottega/internal/token"
)

const secret = "whsec_0123456789abcdef0123"

// shop is an installation that takes payments through Stripe.
type shop struct {
	*apptest.World
	till *till
	site *httptest.Server
	log  *bytes.Buffer
	t    *testing.T
}

func newShop(t *testing.T, ref string) *shop {
	t.Helper()
	s := &shop{till: newTill(t), log: &bytes.Buffer{}, t: t}
	driver, err := stripe.New(stripe.Options{
		Key: "sk_test_NeverToBeLogged", WebhookSecrets: []string{secret}, URL: s.till.URL, Clock: clock.System{},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.World = apptest.New(t, ref, func(c *app.Config) {
		c.Provider, c.Log = driver, slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s.site = httptest.NewServer(h)
	t.Cleanup(s.site.Close)
	return s
}

// post sends an event as Stripe does and returns the status of the answer.
func (s *shop) post(event object, signed string, at time.Time) int {
	s.t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		s.t.Fatal(err)
	}
	header := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: signed, Timestamp: at}).Header
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.site.URL+app.StripeWebhook, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Stripe-Signature", header)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// deliver sends what Stripe has to tell: shuffled, some twice, and without those that the test loses.
func (s *shop) deliver(dice *rand.Rand, lost int) {
	s.t.Helper()
	news := s.till.take()
	news = append(news, news...)
	dice.Shuffle(len(news), func(i, j int) { news[i], news[j] = news[j], news[i] })
	for _, e := range news {
		if lost > 0 && dice.IntN(lost) == 0 {
			continue
		}
		if got := s.post(e, secret, time.Now()); got != http.StatusOK {
			s.t.Fatalf("%s %v: %d\n%s", e["type"], e["id"], got, s.log)
		}
	}
}

func (s *shop) wish(who access.Actor, w plan.Wish) payment.Changed {
	s.t.Helper()
	_, shown, err := s.Payments.Preview(s.t.Context(), who.AccountID, plan.Tokens, w)
	if err != nil {
		s.t.Fatal(err)
	}
	changed, err := s.Payments.Change(s.t.Context(), who.AccountID, plan.Tokens, w, shown, "https://studio.test/plans")
	if err != nil {
		s.t.Fatalf("%+v: %v", w, err)
	}
	return changed
}

func (s *shop) differences(fix bool) []payment.Difference {
	s.t.Helper()
	var list []payment.Difference
	err := s.Payments.Reconcile(s.t.Context(), time.Unix(0, 0), fix, func(d payment.Difference) { list = append(list, d) })
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func (s *shop) find(id string) payment.Payment {
	s.t.Helper()
	p, err := s.Payments.Find(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// One life through Stripe's wire, with every message shuffled and sent twice.
func TestStripe_OneLife(t *testing.T) {
	apptest.Databases(t, func(t *testing.T, ref string) {
		s := newShop(t, ref)
		dice := rand.New(rand.NewPCG(1, 2))
		who := s.User(plan.Free)
		month := func(name string) plan.Wish { return plan.Wish{Action: plan.Change, Plan: name, Cycle: plan.Monthly} }

		pack, address, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Credits, "api-small", 0, "https://studio.test/wallet")
		if err != nil || !strings.HasPrefix(address, "https://checkout.test/") {
			t.Fatalf("%q, %v", address, err)
		}
		s.till.pay(pack.Checkout)
		s.deliver(dice, 0)
		if p := s.find(pack.ID); p.State != payment.Paid || p.Receipt == "" {
			t.Fatalf("%+v", p)
		}
		start := s.wish(who, month("apprentice"))
		s.till.pay(start.Payment.Checkout)
		s.deliver(dice, 0)
		if p := s.find(start.Payment.ID); p.State != payment.Paid || !strings.HasPrefix(p.Receipt, "https://invoice.test/") {
			t.Fatalf("%+v", p)
		}
		if got := s.Available(who); got != 150+8500 {
			t.Errorf("%d tokens after the first month was paid", got)
		}
		up := s.wish(who, month("artisan"))
		if up.Payment.State != payment.Paid || up.Payment.Amount != 18_000_000 || up.Pay != "" {
			t.Fatalf("an upgrade from the card on file: %+v", up)
		}
		s.deliver(dice, 0)
		if err := s.Payments.Tell(t.Context()); err != nil {
			t.Fatal(err)
		}
		sub := s.till.the("subscription")
		s.Clock.Advance(30*24*time.Hour - time.Hour)
		s.till.renew(sub["id"].(string))
		s.deliver(dice, 0)
		list, _, err := s.Payments.List(t.Context(), who.AccountID, "", 10)
		if err != nil || list[0].Kind != payment.Renewal || list[0].Amount != 30_000_000 || list[0].State != payment.Paid {
			t.Fatalf("after the renewal: %+v, %v", list, err)
		}
		s.wish(who, plan.Wish{Action: plan.Change, Plan: "artisan", Cycle: plan.Yearly})
		s.wish(who, plan.Wish{Action: plan.Cancel})
		if err := s.Payments.Tell(t.Context()); err != nil || sub["cancel_at_period_end"] != true {
			t.Errorf("the end was not told: %v, %v", sub, err)
		}
		if _, err := s.Payments.Refund(t.Context(), list[0].ID, 0); err != nil {
			t.Fatal(err)
		}
		s.till.dispute(s.find(pack.ID).Charge, "needs_response")
		s.deliver(dice, 0)
		if p := s.find(pack.ID); p.State != payment.Disputed {
			t.Errorf("%+v", p)
		}
		s.till.dispute(s.find(pack.ID).Charge, "won")
		s.deliver(dice, 0)
		if p := s.find(pack.ID); p.State != payment.Paid {
			t.Errorf("%+v", p)
		}
		if err := s.Payments.Tell(t.Context()); err != nil || sub["status"] != "canceled" {
			t.Errorf("a plan whose money went back is still billed: %v, %v", sub, err)
		}
		if page, err := s.Payments.Portal(t.Context(), who.AccountID, "https://studio.test/plans"); err != nil || !strings.HasPrefix(page, "https://billing.test/bpc_") {
			t.Errorf("%q, %v", page, err)
		}
		if d := s.differences(false); len(d) > 0 {
			t.Errorf("differences: %+v", d)
		}
		s.Verify()
		s.keepsNothingSecret()
	})
}

// keepsNothingSecret looks for what must not be kept or logged: keys, cards, names.
func (s *shop) keepsNothingSecret() {
	s.t.Helper()
	var kept strings.Builder
	rows, err := s.DB.Query(s.t.Context(), "SELECT body FROM provider_event")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			s.t.Fatal(err)
		}
		kept.WriteString(body)
		n++
	}
	if n == 0 {
		s.t.Error("no message was kept")
	}
	for _, hidden := range []string{"4242", "Somebody Private", "private@example.com", "_secret_", "NeverToBeLogged", secret} {
		if strings.Contains(kept.String(), hidden) || strings.Contains(s.log.String(), hidden) {
			s.t.Errorf("%q was kept or logged", hidden)
		}
	}
}

// A third of all messages is lost, the rest comes shuffled and twice; looking after it finds the rest.
func TestStripe_LostMessagesAreMadeUpFor(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	dice := rand.New(rand.NewPCG(3, 4))
	var open []string
	for range 6 {
		who := s.User(plan.Free)
		p, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Tokens, "small", 0, "https://studio.test/")
		if err != nil {
			t.Fatal(err)
		}
		c := s.wish(who, plan.Wish{Action: plan.Change, Plan: "apprentice", Cycle: plan.Yearly})
		s.till.pay(p.Checkout)
		s.till.pay(c.Payment.Checkout)
		open = append(open, p.ID, c.Payment.ID)
	}
	s.deliver(dice, 2)
	s.till.take()
	s.Clock.Advance(10 * time.Minute)
	if err := s.Payments.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range open {
		if p := s.find(id); p.State != payment.Paid {
			t.Errorf("%+v", p)
		}
	}
	if d := s.differences(false); len(d) > 0 {
		t.Errorf("differences: %+v", d)
	}
	s.Verify()
}

func TestStripe_MessagesThatAreNotBelievedChangeNothing(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	p, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Tokens, "small", 0, "https://studio.test/")
	if err != nil {
		t.Fatal(err)
	}
	s.till.pay(p.Checkout)
	for _, e := range s.till.take() {
		if got := s.post(e, "whsec_somebody_elses_secret", time.Now()); got != http.StatusBadRequest {
			t.Errorf("forged: %d", got)
		}
		if got := s.post(e, secret, time.Now().Add(-10*time.Minute)); got != http.StatusBadRequest {
			t.Errorf("replayed: %d", got)
		}
		other := object{}
		for k, v := range e {
			other[k] = v
		}
		other["account"] = "acct_other"
		if got := s.post(other, secret, time.Now()); got != http.StatusBadRequest {
			t.Errorf("of another account: %d", got)
		}
	}
	if got := s.Available(who); got != 150 {
		t.Errorf("%d tokens", got)
	}
	// What somebody signs in our name is looked up all the same: it cannot say what is not so.
	lie := object{
		"id": "evt_lie", "object": "event", "created": time.Now().Unix(), "livemode": false, "type": "checkout.session.completed",
		"data": object{"object": object{"id": "cs_nowhere", "object": "checkout.session", "payment_status": "paid", "amount_total": 1, "metadata": object{"bottega_payment": p.ID}}},
	}
	if got := s.post(lie, secret, time.Now()); got != http.StatusOK {
		t.Errorf("about nothing: %d", got)
	}
	if p := s.find(p.ID); p.State != payment.Open {
		t.Errorf("%+v", p)
	}
}

// A wallet fills itself from the card on file; when the answer is lost, the same payment is asked for again and made once.
func TestStripe_ToppingUp(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	first, _, err := s.Payments.Buy(t.Context(), who.AccountID, plan.Credits, "api-small", 0, "https://studio.test/")
	if err != nil {
		t.Fatal(err)
	}
	s.till.pay(first.Checkout)
	s.deliver(rand.New(rand.NewPCG(5, 6)), 0)
	err = s.Payments.SetAutoTopUp(t.Context(), payment.TopUpRule{
		Buyer: who.AccountID, Of: plan.Credits, Enabled: true, Pack: "api-small", Threshold: token.Whole(6000), Ceiling: 17_000_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.Payments.TopUps(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	st, err := s.Payments.AutoTopUp(t.Context(), who.AccountID, plan.Credits)
	if err != nil || st.Spent != 8_500_000 || st.Verdict != payment.Enough {
		t.Errorf("%+v, %v", st, err)
	}
	s.till.declines = "insufficient_funds"
	err = s.Payments.SetAutoTopUp(t.Context(), payment.TopUpRule{
		Buyer: who.AccountID, Of: plan.Credits, Enabled: true, Pack: "api-small", Threshold: token.Whole(60_000), Ceiling: 17_000_000,
	})
	if err == nil {
		err = s.Payments.TopUps(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	st, err = s.Payments.AutoTopUp(t.Context(), who.AccountID, plan.Credits)
	if err != nil || st.Verdict != payment.Waiting || st.Rule.Reason != "insufficient_funds" || st.Rule.RetryAt.IsZero() {
		t.Errorf("after a refusal: %+v, %v", st, err)
	}
}

// A period that was paid by transfer, and noted by the operator at Stripe, has no payment intent: it goes by its invoice.
func TestStripe_ARenewalByTransfer(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	start := s.wish(who, plan.Wish{Action: plan.Change, Plan: "apprentice", Cycle: plan.Monthly})
	s.till.pay(start.Payment.Checkout)
	s.deliver(rand.New(rand.NewPCG(7, 8)), 0)
	s.Clock.Advance(30*24*time.Hour - time.Hour)
	s.till.renewByTransfer(s.till.the("subscription")["id"].(string))
	s.deliver(rand.New(rand.NewPCG(9, 10)), 0)
	list, _, err := s.Payments.List(t.Context(), who.AccountID, "", 10)
	if err != nil || list[0].Kind != payment.Renewal || list[0].State != payment.Paid || list[0].Amount != 12_000_000 {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := s.Payments.Tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := s.differences(false); len(d) > 0 {
		t.Errorf("differences: %+v", d)
	}
	if _, err := s.Payments.Refund(t.Context(), list[0].ID, 0); !errors.Is(err, payment.ErrOutside) {
		t.Errorf("Stripe gives back what it never had: %v", err)
	}
	s.Verify()
}

// A renewal that Stripe could not take is known when Stripe says so, and the plan waits; what was paid before is not touched.
func TestStripe_ARenewalThatIsRefused(t *testing.T) {
	s := newShop(t, apptest.SQLite(t))
	who := s.User(plan.Free)
	start := s.wish(who, plan.Wish{Action: plan.Change, Plan: "apprentice", Cycle: plan.Monthly})
	s.till.pay(start.Payment.Checkout)
	s.deliver(rand.New(rand.NewPCG(13, 14)), 0)
	s.Clock.Advance(30*24*time.Hour + time.Minute)
	s.till.refuse(s.till.the("subscription")["id"].(string))
	s.deliver(rand.New(rand.NewPCG(15, 16)), 0)
	if at, err := s.Payments.Refused(t.Context(), who.AccountID); err != nil || at.IsZero() {
		t.Errorf("refused at %s, %v", at, err)
	}
	list, _, err := s.Payments.List(t.Context(), who.AccountID, "", 10)
	if err != nil || len(list) != 1 || list[0].State != payment.Paid {
		t.Errorf("%+v, %v", list, err)
	}
	if d := s.differences(false); len(d) > 0 {
		t.Errorf("differences: %+v", d)
	}
	s.Verify()
}
