// Package stripe takes payments through Stripe: pages to pay on, cards on file, refunds, subscriptions, and the messages that
// Stripe sends. It promises that each call that moves money carries a key of ours, that a message is believed only when it is
// signed, recent and of our own account, and that no card data is ever asked for or kept. What a payment means is left to
// payment.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"bottega/internal/clock"
	"bottega/internal/payment"
	"bottega/internal/plan"
)

// Options say which account of Stripe is used, and how.
type Options struct {
	Key            string   // secret key, sk_… or rk_…
	WebhookSecrets []string // whsec_…; two while one takes the place of the other
	URL            string   // of the API; empty = Stripe's own. For tests
	Clock          clock.Clock
}

// Driver speaks to one account of Stripe. It is a payment.Provider.
type Driver struct {
	api     *stripe.Client
	clock   clock.Clock
	secrets []string
	test    bool
}

// patience bounds one call, retries included twice over.
const patience = 20 * time.Second

// New returns a driver. Nothing is asked of Stripe yet.
func New(o Options) (*Driver, error) {
	test := strings.HasPrefix(o.Key, "sk_test_") || strings.HasPrefix(o.Key, "rk_test_")
	if !test && !strings.HasPrefix(o.Key, "sk_live_") && !strings.HasPrefix(o.Key, "rk_live_") {
		return nil, errors.New("the Stripe key: want a secret key, which begins with sk_live_, rk_live_, sk_test_ or rk_test_")
	}
	if len(o.WebhookSecrets) == 0 {
		return nil, errors.New("the Stripe webhook secret is missing: without it nobody would learn that something was paid")
	}
	for _, s := range o.WebhookSecrets {
		if !strings.HasPrefix(s, "whsec_") || len(s) < 16 {
			return nil, errors.New("the Stripe webhook secret: want one that begins with whsec_")
		}
	}
	cfg := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: patience}, MaxNetworkRetries: stripe.Int64(2), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // its log would hold more than ours may
	}
	if o.URL != "" {
		cfg.URL = stripe.String(strings.TrimRight(o.URL, "/"))
	}
	api := stripe.NewClient(o.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(cfg)))
	return &Driver{api: api, clock: o.Clock, secrets: o.WebhookSecrets, test: test}, nil
}

// Name implements payment.Provider.
func (d *Driver) Name() string { return "stripe" }

// Test implements payment.Provider.
func (d *Driver) Test() bool { return d.test }

// What Stripe is told of ours: ids, and nothing about people but the e-mail address.
const (
	metaPayment = "bottega_payment"
	metaAccount = "bottega_account"
	metaKind    = "bottega_kind"
	metaPlan    = "bottega_plan"
	metaPortal  = "bottega_portal"
)

// Customer implements payment.Provider.
func (d *Driver) Customer(ctx context.Context, buyer, email string) (string, error) {
	p := &stripe.CustomerCreateParams{Email: stripe.String(email), Metadata: map[string]string{metaAccount: buyer}}
	p.SetIdempotencyKey("customer:" + buyer)
	c, err := d.api.V1Customers.Create(ctx, p)
	if err != nil {
		return "", failed("make a customer", err)
	}
	return c.ID, nil
}

// Checkout implements payment.Provider. The card is kept at Stripe, for upgrades and top-ups.
func (d *Driver) Checkout(ctx context.Context, o payment.Order) (payment.Page, error) {
	meta := metadata(o.Payment)
	price := &stripe.CheckoutSessionCreateLineItemPriceDataParams{
		Currency: stripe.String(payment.Currency), UnitAmount: stripe.Int64(cents(o.Payment.Amount)),
	}
	quantity := int64(1)
	p := &stripe.CheckoutSessionCreateParams{
		Customer: stripe.String(o.Customer), ClientReferenceID: stripe.String(o.Payment.ID), Metadata: meta,
		SuccessURL: stripe.String(o.Back + "?paid=" + o.Payment.ID), CancelURL: stripe.String(o.Back),
		ExpiresAt: stripe.Int64(d.clock.Now().Add(max(o.Lasts, 31*time.Minute)).Unix()), // Stripe wants 30 minutes
	}
	if o.Payment.Kind == payment.Start {
		product, err := d.product(ctx, o.Payment.Terms.Plan, o.Title)
		if err != nil {
			return payment.Page{}, err
		}
		price.Product = stripe.String(product)
		unit, seats := perSeat(o.Payment.Amount, o.Payment.Terms.Seats)
		price.UnitAmount, quantity = stripe.Int64(cents(unit)), seats
		price.Recurring = &stripe.CheckoutSessionCreateLineItemPriceDataRecurringParams{Interval: stripe.String(string(o.Payment.Terms.Cycle))}
		p.Mode = stripe.String(string(stripe.CheckoutSessionModeSubscription))
		p.SubscriptionData = &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: meta}
	} else {
		price.ProductData = &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(o.Title)}
		p.Mode = stripe.String(string(stripe.CheckoutSessionModePayment))
		p.PaymentIntentData = &stripe.CheckoutSessionCreatePaymentIntentDataParams{
			Metadata: meta, SetupFutureUsage: stripe.String("off_session"), Description: stripe.String(o.Title),
		}
		p.InvoiceCreation = &stripe.CheckoutSessionCreateInvoiceCreationParams{Enabled: stripe.Bool(true)}
	}
	p.LineItems = []*stripe.CheckoutSessionCreateLineItemParams{{PriceData: price, Quantity: stripe.Int64(quantity)}}
	p.SetIdempotencyKey("checkout:" + o.Payment.ID)
	s, err := d.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return payment.Page{}, failed("open a checkout", err)
	}
	return payment.Page{Checkout: s.ID, Address: s.URL}, nil
}

func metadata(p payment.Payment) map[string]string {
	return map[string]string{metaPayment: p.ID, metaAccount: p.Buyer, metaKind: string(p.Kind), metaPlan: p.Terms.Plan}
}

// perSeat is the price of one seat and how many there are, as Stripe shows them; of a plan for one person its price, once.
// The prices of a plan for a team are whole multiples.
func perSeat(price plan.Money, seats int) (unit plan.Money, quantity int64) {
	n := max(1, seats)
	return price / plan.Money(n), int64(n)
}

// product makes Stripe's record of a plan, once for all.
func (d *Driver) product(ctx context.Context, planName, title string) (string, error) {
	productID := "bottega-" + planName
	p := &stripe.ProductCreateParams{ID: stripe.String(productID), Name: stripe.String(title), Metadata: map[string]string{metaPlan: planName}}
	_, err := d.api.V1Products.Create(ctx, p)
	var e *stripe.Error
	if errors.As(err, &e) && e.Code == stripe.ErrorCodeResourceAlreadyExists {
		err = nil
	}
	if err != nil {
		return "", failed("make a product", err)
	}
	return productID, nil
}

// Close implements payment.Provider.
func (d *Driver) Close(ctx context.Context, checkout string) error {
	s, err := d.api.V1CheckoutSessions.Retrieve(ctx, checkout, nil)
	if missing(err) || err == nil && s.Status != stripe.CheckoutSessionStatusOpen {
		return nil
	}
	if err == nil {
		_, err = d.api.V1CheckoutSessions.Expire(ctx, checkout, nil)
	}
	if err != nil {
		return failed("close a checkout", err)
	}
	return nil
}

// Charge implements payment.Provider.
func (d *Driver) Charge(ctx context.Context, o payment.Order) (payment.Seen, error) {
	method, err := d.method(ctx, o.Customer)
	if err != nil {
		return payment.Seen{}, err
	}
	if method == "" {
		return payment.Seen{PaymentID: o.Payment.ID, Status: payment.Declined, Failure: payment.ErrNoMethod.Code}, nil
	}
	p := &stripe.PaymentIntentCreateParams{
		Amount: stripe.Int64(cents(o.Payment.Amount)), Currency: stripe.String(payment.Currency), Customer: stripe.String(o.Customer),
		PaymentMethod: stripe.String(method), OffSession: stripe.Bool(true), Confirm: stripe.Bool(true),
		Description: stripe.String(o.Title), Metadata: metadata(o.Payment),
	}
	p.SetIdempotencyKey("charge:" + o.Payment.ID)
	intent, err := d.api.V1PaymentIntents.Create(ctx, p)
	var e *stripe.Error
	if errors.As(err, &e) && e.Type == stripe.ErrorTypeCard {
		return payment.Seen{PaymentID: o.Payment.ID, Status: payment.Declined, Failure: declineCode(e)}, nil
	}
	if err != nil {
		return payment.Seen{}, failed("charge the card on file", err)
	}
	return d.intent(ctx, intent.ID)
}

func declineCode(e *stripe.Error) string {
	if e.DeclineCode != "" {
		return string(e.DeclineCode)
	}
	return string(e.Code)
}

// method is the card that a customer pays with: the one chosen on the billing page, or the newest.
func (d *Driver) method(ctx context.Context, customer string) (string, error) {
	c, err := d.api.V1Customers.Retrieve(ctx, customer, nil)
	if err != nil {
		return "", failed("read a customer", err)
	}
	if c.InvoiceSettings != nil && c.InvoiceSettings.DefaultPaymentMethod != nil {
		return c.InvoiceSettings.DefaultPaymentMethod.ID, nil
	}
	list := d.api.V1PaymentMethods.List(ctx, &stripe.PaymentMethodListParams{Customer: stripe.String(customer)})
	for m, err := range list.All(ctx) {
		if err != nil {
			return "", failed("list a customer's cards", err)
		}
		return m.ID, nil
	}
	return "", nil
}

// Refund implements payment.Provider. Stripe gives back what came in by a payment intent: what was paid by transfer goes back
// the way it came.
func (d *Driver) Refund(ctx context.Context, r payment.RefundOrder) error {
	if strings.HasPrefix(r.Charge, invoicePrefix) {
		return payment.ErrOutside
	}
	p := &stripe.RefundCreateParams{PaymentIntent: stripe.String(r.Charge), Amount: stripe.Int64(cents(r.Amount))}
	p.SetIdempotencyKey("refund:" + r.Key)
	_, err := d.api.V1Refunds.Create(ctx, p)
	var e *stripe.Error
	if errors.As(err, &e) && e.Code == stripe.ErrorCodeChargeAlreadyRefunded {
		return nil
	}
	if err != nil {
		return failed("give money back", err)
	}
	return nil
}

// Portal implements payment.Provider. Plans are changed in the studio, where the price is shown: the page offers cards and
// invoices alone.
func (d *Driver) Portal(ctx context.Context, customer, back string) (string, error) {
	cfg, err := d.portal(ctx)
	if err != nil {
		return "", err
	}
	s, err := d.api.V1BillingPortalSessions.Create(ctx, &stripe.BillingPortalSessionCreateParams{
		Customer: stripe.String(customer), ReturnURL: stripe.String(back), Configuration: stripe.String(cfg),
	})
	if err != nil {
		return "", failed("open the billing page", err)
	}
	return s.URL, nil
}

// portal finds or makes our form of the billing page.
func (d *Driver) portal(ctx context.Context) (string, error) {
	list := d.api.V1BillingPortalConfigurations.List(ctx, &stripe.BillingPortalConfigurationListParams{Active: stripe.Bool(true)})
	for c, err := range list.All(ctx) {
		if err != nil {
			return "", failed("list forms of the billing page", err)
		}
		if c.Metadata[metaPortal] == "1" {
			return c.ID, nil
		}
	}
	on, off := stripe.Bool(true), stripe.Bool(false)
	p := &stripe.BillingPortalConfigurationCreateParams{
		Metadata: map[string]string{metaPortal: "1"},
		Features: &stripe.BillingPortalConfigurationCreateFeaturesParams{
			InvoiceHistory:      &stripe.BillingPortalConfigurationCreateFeaturesInvoiceHistoryParams{Enabled: on},
			PaymentMethodUpdate: &stripe.BillingPortalConfigurationCreateFeaturesPaymentMethodUpdateParams{Enabled: on},
			SubscriptionCancel:  &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionCancelParams{Enabled: off},
			SubscriptionUpdate:  &stripe.BillingPortalConfigurationCreateFeaturesSubscriptionUpdateParams{Enabled: off},
		},
	}
	p.SetIdempotencyKey("portal:1")
	c, err := d.api.V1BillingPortalConfigurations.Create(ctx, p)
	if err != nil {
		return "", failed("make a form of the billing page", err)
	}
	return c.ID, nil
}

// cents is an amount as Stripe counts it. All our prices are whole cents.
func cents(m plan.Money) int64 { return int64(m / 10_000) }

func money(cents int64) plan.Money { return plan.Money(cents) * 10_000 }

// failed says what was attempted and what Stripe's machine-readable answer was. Its text is left out: it may quote what
// was sent.
func failed(what string, err error) error {
	var e *stripe.Error
	if !errors.As(err, &e) {
		return fmt.Errorf("stripe: %s: %w", what, err)
	}
	return fmt.Errorf("stripe: %s: status %d, %s %s %s (request %s)", what, e.HTTPStatusCode, e.Type, e.Code, e.Param, e.RequestID)
}

// missing reports whether Stripe does not know what was asked for.
func missing(err error) bool {
	var e *stripe.Error
	return errors.As(err, &e) && (e.Code == stripe.ErrorCodeResourceMissing || e.HTTPStatusCode == http.StatusNotFound)
}
