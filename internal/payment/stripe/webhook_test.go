package stripe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"bottega/internal/clock"
	"bottega/internal/payment"
)

const (
	secretNow = "whsec_now_0123456789abcdef"
	secretOld = "whsec_old_0123456789abcdef"
)

func testDriver(t *testing.T, url string) *Driver {
	t.Helper()
	d, err := New(Options{Key: "sk_test_123", WebhookSecrets: []string{secretNow, secretOld}, URL: url, Clock: clock.System{}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// message writes an event as Stripe does.
func message(t *testing.T, id, kind string, object map[string]any, change func(map[string]any)) []byte {
	t.Helper()
	e := map[string]any{
		"id": id, "object": "event", "api_version": "2020-08-27", "created": time.Now().Unix(), "livemode": false, "type": kind,
		"data": map[string]any{"object": object},
	}
	if change != nil {
		change(e)
	}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func sign(body []byte, secret string, at time.Time) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: body, Secret: secret, Timestamp: at}).Header
}

func TestParse_BelievesOnlyWhatIsSignedRecentAndOurs(t *testing.T) {
	d := testDriver(t, "")
	session := map[string]any{"id": "cs_1", "object": "checkout.session"}
	body := message(t, "evt_1", "checkout.session.completed", session, nil)
	other := message(t, "evt_1", "checkout.session.completed", map[string]any{"id": "cs_2", "object": "checkout.session"}, nil)
	live := message(t, "evt_1", "checkout.session.completed", session, func(e map[string]any) { e["livemode"] = true })
	connected := message(t, "evt_1", "checkout.session.completed", session, func(e map[string]any) { e["account"] = "acct_other" })
	now := time.Now()
	for name, c := range map[string]struct {
		body   []byte
		header string
		want   error
	}{
		"signed":                 {body, sign(body, secretNow, now), nil},
		"signed before rotation": {body, sign(body, secretOld, now), nil},
		"both signatures":        {body, sign(body, "whsec_somebody_elses", now) + "," + strings.SplitN(sign(body, secretNow, now), ",", 2)[1], nil},
		"forged":                 {body, sign(body, "whsec_somebody_elses", now), errUnsigned},
		"unsigned":               {body, "", errUnsigned},
		"rubbish":                {body, "t=x,v1=y", errUnsigned},
		"another body":           {other, sign(body, secretNow, now), errUnsigned},
		"too old":                {body, sign(body, secretNow, now.Add(-tolerance-time.Minute)), errUnsigned},
		"another account":        {connected, sign(connected, secretNow, now), errAccount},
		"the other mode":         {live, sign(live, secretNow, now), errMode},
	} {
		e, err := d.Parse(c.body, c.header)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if (err == nil) != (e.Ref == payment.Ref{Kind: payment.RefCheckout, ID: "cs_1"}) {
			t.Errorf("%s: is about %+v", name, e.Ref)
		}
	}
}

func TestParse_KnowsWhatToLookUpAndKeepsNoCards(t *testing.T) {
	d := testDriver(t, "")
	secretly := map[string]any{
		"billing_details":        map[string]any{"name": "Somebody Private", "email": "private@example.com"},
		"payment_method_details": map[string]any{"card": map[string]any{"last4": "4242", "fingerprint": "Xt5EWLLDS7FJjR1c"}},
		"customer_details":       map[string]any{"email": "private@example.com"}, "client_secret": "pi_secret_abc",
	}
	for kind, c := range map[string]struct {
		object string
		extra  map[string]any
		want   payment.Ref
	}{
		"checkout.session.completed":            {"checkout.session", nil, payment.Ref{Kind: payment.RefCheckout, ID: "x_1"}},
		"checkout.session.async_payment_failed": {"checkout.session", nil, payment.Ref{Kind: payment.RefCheckout, ID: "x_1"}},
		"payment_intent.succeeded":              {"payment_intent", nil, payment.Ref{Kind: payment.RefCharge, ID: "x_1"}},
		"charge.refunded":                       {"charge", map[string]any{"payment_intent": "pi_7"}, payment.Ref{Kind: payment.RefCharge, ID: "pi_7"}},
		"charge.dispute.created":                {"dispute", map[string]any{"payment_intent": map[string]any{"id": "pi_8", "client_secret": "s"}}, payment.Ref{Kind: payment.RefCharge, ID: "pi_8"}},
		"refund.failed":                         {"refund", map[string]any{"payment_intent": "pi_9"}, payment.Ref{Kind: payment.RefCharge, ID: "pi_9"}},
		"charge.succeeded":                      {"charge", nil, payment.Ref{}},
		"invoice.paid":                          {"invoice", nil, payment.Ref{Kind: payment.RefInvoice, ID: "x_1"}},
		"customer.subscription.deleted":         {"subscription", nil, payment.Ref{Kind: payment.RefSubscription, ID: "x_1"}},
		"customer.created":                      {"customer", nil, payment.Ref{}},
	} {
		o := map[string]any{"id": "x_1", "object": c.object, "amount": 900}
		for _, more := range []map[string]any{secretly, c.extra} {
			for k, v := range more {
				o[k] = v
			}
		}
		body := message(t, "evt_"+kind, kind, o, nil)
		e, err := d.Parse(body, sign(body, secretNow, time.Now()))
		if err != nil || e.Ref != c.want {
			t.Errorf("%s: %+v, %v, want %+v", kind, e.Ref, err, c.want)
		}
		for _, secret := range []string{"Somebody", "private@", "4242", "Xt5E", "secret"} {
			if bytes.Contains(e.Body, []byte(secret)) {
				t.Errorf("%s: what is kept holds %q: %s", kind, secret, e.Body)
			}
		}
	}
}

// mailbox takes messages, and fails when it is told to.
type mailbox struct {
	got  []string
	fail error
}

func (m *mailbox) Receive(_ context.Context, e payment.Event) error {
	m.got = append(m.got, e.ID)
	return m.fail
}

func TestWebhook_AnswersAsStripeExpects(t *testing.T) {
	d, box, log := testDriver(t, ""), &mailbox{}, &bytes.Buffer{}
	h := d.Webhook(box, slog.New(slog.NewTextHandler(log, nil)))
	call := func(method string, body []byte, header string) int {
		r := httptest.NewRequest(method, "/", bytes.NewReader(body))
		r.Header.Set("Stripe-Signature", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		_, _ = io.Copy(io.Discard, w.Body)
		return w.Code
	}
	body := message(t, "evt_1", "invoice.paid", map[string]any{"id": "in_1", "object": "invoice"}, nil)
	unknown := message(t, "evt_2", "customer.created", map[string]any{"id": "cus_1", "object": "customer"}, nil)
	huge := bytes.Repeat([]byte("a"), mostBody+1)
	for name, c := range map[string]struct {
		method string
		body   []byte
		want   int
	}{
		"a message": {"POST", body, 200}, "not of ours": {"POST", unknown, 200}, "too large": {"POST", huge, 400}, "not a message": {"GET", nil, 405},
	} {
		if got := call(c.method, c.body, sign(c.body, secretNow, time.Now())); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := call("POST", body, sign(body, "whsec_forged_forged_forged", time.Now())); got != http.StatusBadRequest {
		t.Errorf("forged: %d", got)
	}
	box.fail = errors.New("the database is away")
	if got := call("POST", body, sign(body, secretNow, time.Now())); got != http.StatusInternalServerError {
		t.Errorf("a message that could not be taken up: %d, want 500, so that it is sent again", got)
	}
	if strings.Join(box.got, " ") != "evt_1 evt_1" {
		t.Errorf("taken up were %v", box.got)
	}
	if strings.Contains(log.String(), "whsec_") || strings.Contains(log.String(), "sk_test") {
		t.Errorf("the log holds a secret: %s", log)
	}
}

func TestNew_RefusesKeysThatAreNone(t *testing.T) {
	for name, o := range map[string]Options{
		"no key":          {WebhookSecrets: []string{secretNow}},
		"publishable key": {Key: "pk_live_1", WebhookSecrets: []string{secretNow}},
		"no secret":       {Key: "sk_test_1"},
		"empty secret":    {Key: "sk_test_1", WebhookSecrets: []string{""}},
		"a wrong secret":  {Key: "sk_test_1", WebhookSecrets: []string{"sk_test_this_is_the_key"}},
	} {
		_, err := New(o)
		if err == nil {
			t.Errorf("%s was taken", name)
		} else if o.Key != "" && strings.Contains(err.Error(), o.Key) {
			t.Errorf("%s: the error holds the key", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	d, err := New(Options{Key: "sk_test_123", WebhookSecrets: []string{secretNow}, Clock: clock.System{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"id":"evt_1","data":{"object":{"id":"cs_1","object":"checkout.session","payment_intent":{"id":1}}}}`))
	f.Add([]byte(`{"data":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := d.Parse(body, sign(body, secretNow, time.Now()))
		if err == nil && (e.ID == "" || !json.Valid(e.Body)) {
			t.Errorf("%q became %+v", body, e)
		}
	})
}
