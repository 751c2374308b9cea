package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	stripe "github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"bottega/internal/payment"
)

// Receiver takes checked messages: payment.Service.
type Receiver interface {
	Receive(ctx context.Context, e payment.Event) error
}

// tolerance is how old a message may be: an older one is somebody's recording.
const tolerance = 5 * time.Minute

// mostBody of a message; Stripe's are far smaller.
const mostBody = 256 << 10

// The reasons for refusing a message.
var (
	errUnsigned = errors.New("not signed with a secret of ours, or too old")
	errAccount  = errors.New("of another account")
	errMode     = errors.New("of the other mode, test or live, than the key")
)

// Parse checks a message and says what it is about.
func (d *Driver) Parse(body []byte, signature string) (payment.Event, error) {
	var e stripe.Event
	err := errUnsigned
	for _, secret := range d.secrets {
		// Any version of the API is fine: of the message nothing is read but what it is about.
		e, err = webhook.ConstructEventWithOptions(body, signature, secret, webhook.ConstructEventOptions{
			Tolerance: tolerance, IgnoreAPIVersionMismatch: true,
		})
		if err == nil {
			break
		}
	}
	switch {
	case err != nil:
		return payment.Event{}, errUnsigned
	case e.Account != "":
		return payment.Event{}, errAccount
	case e.Livemode == d.test:
		return payment.Event{}, errMode
	case e.ID == "" || e.Data == nil:
		return payment.Event{}, errors.New("without an id or an object")
	}
	return about(e)
}

// object is what is read of the object of a message. It holds no names, addresses or cards, so it can be kept.
type object struct {
	ID            string          `json:"id"`
	Object        string          `json:"object"`
	Status        string          `json:"status,omitempty"`
	Amount        int64           `json:"amount,omitempty"`
	PaymentIntent json.RawMessage `json:"payment_intent,omitempty"` // a name, or the object itself
}

// kept is the form in which a message is kept.
type kept struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object object `json:"object"`
	} `json:"data"`
}

func about(e stripe.Event) (payment.Event, error) {
	k := kept{ID: e.ID, Type: string(e.Type), Created: e.Created}
	if err := json.Unmarshal(e.Data.Raw, &k.Data.Object); err != nil {
		return payment.Event{}, errors.New("its object cannot be read")
	}
	o := &k.Data.Object
	intent := name(o.PaymentIntent)
	o.PaymentIntent = nil
	if intent != "" {
		o.PaymentIntent, _ = json.Marshal(intent) // a string
	}
	out := payment.Event{ID: e.ID, Type: string(e.Type), CreatedAt: time.Unix(e.Created, 0).UnixMicro()}
	switch o.Object {
	case "checkout.session":
		out.Ref = payment.Ref{Kind: payment.RefCheckout, ID: o.ID}
	case "payment_intent":
		out.Ref = payment.Ref{Kind: payment.RefCharge, ID: o.ID}
	case "charge", "refund", "dispute":
		if intent != "" {
			out.Ref = payment.Ref{Kind: payment.RefCharge, ID: intent}
		}
	case "invoice":
		out.Ref = payment.Ref{Kind: payment.RefInvoice, ID: o.ID}
	case "subscription":
		out.Ref = payment.Ref{Kind: payment.RefSubscription, ID: o.ID}
	}
	var err error
	out.Body, err = json.Marshal(k)
	return out, err
}

// name reads a field that is a name or an object with an id.
func name(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var o struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &o) // neither: no name
	return o.ID
}

// Webhook is where Stripe sends its messages. It answers 400 to what is not believed, 500 to what should be sent again, and
// 200 when it was taken up, now or before.
func (d *Driver) Webhook(to Receiver, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", "POST")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		if err != nil {
			http.Error(w, "the body is too large or was cut off", http.StatusBadRequest)
			return
		}
		e, err := d.Parse(body, r.Header.Get("Stripe-Signature"))
		if err != nil {
			log.Warn("a message that claims to be Stripe's was refused", "reason", err)
			http.Error(w, "refused: "+err.Error(), http.StatusBadRequest)
			return
		}
		if e.Ref == (payment.Ref{}) {
			w.WriteHeader(http.StatusOK) // nothing of ours
			return
		}
		if err := to.Receive(r.Context(), e); err != nil {
			log.Error("a message of Stripe could not be taken up; Stripe sends it again", "event", e.ID, "type", e.Type, "error", err)
			http.Error(w, "try again", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}
