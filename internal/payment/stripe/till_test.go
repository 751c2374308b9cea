package stripe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bottega/internal/apptest"
)

// mockBinary is what scripts/fetch-stripe-mock.sh builds; the version stands in both.
const mockBinary = "../../../.cache/bin/stripe-mock-v0.203.0"

// startMock starts stripe-mock, which checks requests against Stripe's description of its API. It ends with the test.
func startMock(t *testing.T) string {
	t.Helper()
	return "http://" + apptest.Program(t, mockBinary, func(address string) []string {
		return []string{"-http-addr", address, "-https-addr", "127.0.0.1:"}
	})
}

type object map[string]any

// till is an account of Stripe with a memory, which stripe-mock has not: each request goes to stripe-mock first, which
// refuses what Stripe would refuse, and is then carried out here. Answers have the form of Stripe's own.
type till struct {
	*httptest.Server
	t    *testing.T
	mock string

	mu       sync.Mutex
	n        int
	objects  map[string]object // by id
	order    []string
	keys     map[string]object // answers by idempotency key
	news     []object          // events not delivered
	declines string            // code; empty = the card on file is good
}

func newTill(t *testing.T) *till {
	t.Helper()
	b := &till{t: t, mock: startMock(t), objects: map[string]object{}, keys: map[string]object{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *till) id(prefix string) string {
	b.n++
	return fmt.Sprintf("%s_%d", prefix, b.n)
}

func (b *till) keep(o object) object {
	id := o["id"].(string)
	if b.objects[id] == nil {
		b.order = append(b.order, id)
	}
	b.objects[id] = o
	return o
}

// tell writes an event about an object.
func (b *till) tell(kind string, o object) {
	b.news = append(b.news, object{
		"id": b.id("evt"), "object": "event", "api_version": "2026-03-25.dahlia", "created": time.Now().Unix(), "livemode": false,
		"type": kind, "data": object{"object": o},
	})
}

// check lets stripe-mock look at a request and returns what it would answer.
func (b *till) check(r *http.Request, body []byte) (int, []byte) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, b.mock+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		b.t.Error(err)
		return 500, nil
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Error(err)
		return 500, nil
	}
	defer func() { _ = res.Body.Close() }()
	raw, _ := io.ReadAll(res.Body)
	if res.StatusCode >= 400 {
		b.t.Errorf("stripe-mock refuses %s %s: %s\n%s", r.Method, r.URL, body, raw)
	}
	return res.StatusCode, raw
}

func (b *till) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	status, raw := b.check(r, body)
	if status < 400 {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			b.t.Error(err)
		}
		b.mu.Lock()
		answer, code := b.answer(r, form)
		if answer != nil {
			status = code
			raw, _ = json.Marshal(answer)
		}
		b.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func refusal(status int, kind, code string) (object, int) {
	return object{"error": object{"type": kind, "code": code, "message": "no"}}, status
}

// answer carries a request out; nil leaves the answer to stripe-mock.
func (b *till) answer(r *http.Request, form url.Values) (object, int) {
	key := r.Header.Get("Idempotency-Key")
	if r.Method == http.MethodPost && b.keys[key] != nil {
		return b.keys[key], 200
	}
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	var out object
	switch {
	case r.Method == http.MethodGet:
		return b.get(path, r.URL.Query())
	case r.URL.Path == "/v1/customers":
		out = b.keep(object{"id": b.id("cus"), "object": "customer", "email": form.Get("email"), "metadata": meta(form, "metadata")})
	case r.URL.Path == "/v1/products":
		if b.objects[form.Get("id")] != nil {
			return refusal(400, "invalid_request_error", "resource_already_exists")
		}
		out = b.keep(object{"id": form.Get("id"), "object": "product", "name": form.Get("name")})
	case r.URL.Path == "/v1/checkout/sessions":
		out = b.open(form)
	case r.URL.Path == "/v1/payment_intents":
		if b.declines != "" {
			return refusal(402, "card_error", b.declines)
		}
		cents, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
		out = b.intent(cents, form.Get("customer"), meta(form, "metadata"))
	case r.URL.Path == "/v1/refunds":
		return b.refund(form)
	case r.URL.Path == "/v1/billing_portal/configurations":
		out = b.keep(object{"id": b.id("bpc"), "object": "billing_portal.configuration", "metadata": meta(form, "metadata"), "active": true})
	case r.URL.Path == "/v1/billing_portal/sessions":
		out = object{"id": b.id("bps"), "object": "billing_portal.session", "url": "https://billing.test/" + form.Get("configuration")}
	case path[0] == "subscriptions" && r.Method == http.MethodDelete:
		out = b.objects[path[1]]
		out["status"] = "canceled"
		b.tell("customer.subscription.deleted", out)
	case path[0] == "subscriptions":
		out = b.follow(b.objects[path[1]], form)
	case path[0] == "checkout" && path[len(path)-1] == "expire":
		out = b.objects[path[2]]
		out["status"] = "expired"
		b.tell("checkout.session.expired", out)
	default:
		b.t.Errorf("nobody answers %s %s", r.Method, r.URL.Path)
	}
	if key != "" {
		b.keys[key] = out
	}
	return out, 200
}

// meta reads metadata of a form.
func meta(form url.Values, field string) object {
	out := object{}
	for k := range form {
		if rest, ok := strings.CutPrefix(k, field+"["); ok && strings.HasSuffix(rest, "]") {
			out[strings.TrimSuffix(rest, "]")] = form.Get(k)
		}
	}
	return out
}

func list(items []object) object {
	if items == nil {
		items = []object{}
	}
	return object{"object": "list", "data": items, "has_more": false, "url": "/v1"}
}

func (b *till) all(kind string, fits func(object) bool) []object {
	var out []object
	for _, id := range slices.Backward(b.order) { // the newest first, as Stripe lists
		if o := b.objects[id]; o["object"] == kind && fits(o) {
			out = append(out, o)
		}
	}
	return out
}

func (b *till) get(path []string, q url.Values) (object, int) {
	name := path[len(path)-1]
	if o := b.objects[name]; o != nil {
		return o, 200
	}
	switch strings.Join(path, "/") {
	case "checkout/sessions":
		return list(b.all("checkout.session", func(o object) bool { return o["customer"] == q.Get("customer") })), 200
	case "payment_intents":
		since, _ := strconv.ParseInt(q.Get("created[gte]"), 10, 64)
		return list(b.all("payment_intent", func(o object) bool {
			return o["created"].(int64) >= since && (q.Get("customer") == "" || o["customer"] == q.Get("customer"))
		})), 200
	case "invoices":
		return list(b.all("invoice", func(o object) bool { return o["subscription_of"] == q.Get("subscription") })), 200
	case "invoice_payments":
		return list(b.all("invoice_payment", func(o object) bool { return o["intent"] == q.Get("payment[payment_intent]") })), 200
	case "disputes":
		return list(b.all("dispute", func(o object) bool { return o["payment_intent"] == q.Get("payment_intent") })), 200
	case "payment_methods":
		return list([]object{{"id": "pm_1", "object": "payment_method", "type": "card"}}), 200
	case "billing_portal/configurations":
		return list(b.all("billing_portal.configuration", func(object) bool { return true })), 200
	}
	return refusal(404, "invalid_request_error", "resource_missing")
}
