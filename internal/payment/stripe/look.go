package stripe

import (
	"context"
	"fmt"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"bottega/internal/payment"
)

// Every payment goes by its payment intent, whatever it was for: that is what money comes in by and goes back by.

// invoicePrefix begins Stripe's names of invoices. One that was paid by transfer goes by it: see readInvoice.
const invoicePrefix = "in_"

// Look implements payment.Provider.
func (d *Driver) Look(ctx context.Context, r payment.Ref) ([]payment.Seen, error) {
	var seen payment.Seen
	var err error
	switch r.Kind {
	case payment.RefCheckout:
		seen, err = d.checkout(ctx, r.ID)
	case payment.RefCharge:
		if strings.HasPrefix(r.ID, invoicePrefix) { // paid by transfer or cash: see readInvoice
			seen, err = d.invoice(ctx, r.ID)
		} else {
			seen, err = d.intent(ctx, r.ID)
		}
	case payment.RefInvoice:
		seen, err = d.invoice(ctx, r.ID)
	case payment.RefSubscription:
		return d.invoicesOf(ctx, r.ID)
	case payment.RefPayment:
		return d.ours(ctx, r.Customer, r.ID)
	default:
		return nil, fmt.Errorf("stripe: look up %q: not a kind of name", r.Kind)
	}
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("look up a "+string(r.Kind), err)
	}
	if seen == (payment.Seen{}) {
		return nil, nil
	}
	return []payment.Seen{seen}, nil
}

// checkout is the payment that was made on a page, if one was.
func (d *Driver) checkout(ctx context.Context, id string) (payment.Seen, error) {
	s, err := d.api.V1CheckoutSessions.Retrieve(ctx, id, nil)
	if err != nil {
		return payment.Seen{}, err
	}
	return d.session(ctx, s)
}

func (d *Driver) session(ctx context.Context, s *stripe.CheckoutSession) (payment.Seen, error) {
	paymentID := s.Metadata[metaPayment]
	if paymentID == "" {
		return payment.Seen{}, nil // somebody else's
	}
	seen := payment.Seen{PaymentID: paymentID, Checkout: s.ID, Status: payment.Pending}
	switch {
	case s.Status == stripe.CheckoutSessionStatusExpired:
		seen.Status, seen.Failure = payment.Declined, "expired"
	case s.PaymentStatus != stripe.CheckoutSessionPaymentStatusPaid:
	case s.PaymentIntent != nil:
		return d.with(ctx, s.PaymentIntent.ID, seen)
	case s.Invoice != nil:
		inv, err := d.invoice(ctx, s.Invoice.ID)
		if err != nil {
			return seen, err
		}
		inv.PaymentID, inv.Checkout = paymentID, s.ID
		return inv, nil
	}
	return seen, nil
}

func (d *Driver) with(ctx context.Context, intent string, seen payment.Seen) (payment.Seen, error) {
	found, err := d.intentOf(ctx, intent)
	found.PaymentID, found.Checkout = seen.PaymentID, seen.Checkout
	return found, err
}

// intent is a payment by its intent. One that carries no name of ours may be of a subscription's invoice.
func (d *Driver) intent(ctx context.Context, id string) (payment.Seen, error) {
	seen, err := d.intentOf(ctx, id)
	if err != nil || seen.PaymentID != "" {
		return seen, err
	}
	list := d.api.V1InvoicePayments.List(ctx, &stripe.InvoicePaymentListParams{Payment: &stripe.InvoicePaymentListPaymentParams{
		Type: stripe.String("payment_intent"), PaymentIntent: stripe.String(id),
	}})
	for p, err := range list.All(ctx) {
		if err != nil {
			return seen, err
		}
		if p.Invoice != nil {
			return d.invoice(ctx, p.Invoice.ID)
		}
	}
	return payment.Seen{}, nil
}

func (d *Driver) intentOf(ctx context.Context, id string) (payment.Seen, error) {
	p := &stripe.PaymentIntentRetrieveParams{}
	p.AddExpand("latest_charge")
	intent, err := d.api.V1PaymentIntents.Retrieve(ctx, id, p)
	if err != nil {
		return payment.Seen{}, err
	}
	return d.read(ctx, intent)
}

// read says how a payment intent stands. A card that was refused on a page can be followed by another one there; without a
// page that is the end.
func (d *Driver) read(ctx context.Context, i *stripe.PaymentIntent) (payment.Seen, error) {
	seen := payment.Seen{
		PaymentID: i.Metadata[metaPayment], Charge: i.ID, Status: payment.Pending, Amount: money(i.AmountReceived),
		Currency: string(i.Currency), At: time.Unix(i.Created, 0).UTC(),
	}
	if i.Customer != nil {
		seen.Customer = i.Customer.ID
	}
	byItself := i.Metadata[metaKind] == string(payment.TopUp)
	switch i.Status {
	case stripe.PaymentIntentStatusSucceeded:
		seen.Status = payment.Succeeded
	case stripe.PaymentIntentStatusRequiresPaymentMethod, stripe.PaymentIntentStatusRequiresAction, stripe.PaymentIntentStatusCanceled:
		if byItself {
			seen.Status, seen.Failure = payment.Declined, string(i.Status)
			if i.LastPaymentError != nil {
				seen.Failure = declineCode(i.LastPaymentError)
			}
		}
	}
	if c := i.LatestCharge; c != nil && seen.Status == payment.Succeeded {
		seen.Refunded, seen.Receipt = money(c.AmountRefunded), c.ReceiptURL
		if c.Created > 0 {
			seen.At = time.Unix(c.Created, 0).UTC()
		}
		if c.Disputed {
			var err error
			if seen.Dispute, err = d.dispute(ctx, i.ID); err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

// dispute says how far the bank's question about a payment has come. A mere inquiry takes no money and is none.
func (d *Driver) dispute(ctx context.Context, intent string) (payment.Dispute, error) {
	worst := payment.NoDispute
	for x, err := range d.api.V1Disputes.List(ctx, &stripe.DisputeListParams{PaymentIntent: stripe.String(intent)}).All(ctx) {
		if err != nil {
			return worst, err
		}
		switch x.Status {
		case stripe.DisputeStatusLost:
			return payment.DisputeLost, nil
		case stripe.DisputeStatusNeedsResponse, stripe.DisputeStatusUnderReview:
			worst = payment.DisputeOpen
		case stripe.DisputeStatusWon:
			if worst == payment.NoDispute {
				worst = payment.DisputeWon
			}
		}
	}
	return worst, nil
}

// invoice is the payment of a subscription's invoice: the first one belongs to the page it was made on, later ones are
// renewals.
func (d *Driver) invoice(ctx context.Context, id string) (payment.Seen, error) {
	p := &stripe.InvoiceRetrieveParams{}
	p.AddExpand("payments")
	inv, err := d.api.V1Invoices.Retrieve(ctx, id, p)
	if err != nil {
		return payment.Seen{}, err
	}
	return d.readInvoice(ctx, inv)
}

func (d *Driver) readInvoice(ctx context.Context, inv *stripe.Invoice) (payment.Seen, error) {
	if inv.Parent == nil || inv.Parent.SubscriptionDetails == nil || inv.Parent.SubscriptionDetails.Subscription == nil {
		return d.packInvoice(ctx, inv)
	}
	details := inv.Parent.SubscriptionDetails
	if details.Metadata[metaAccount] == "" {
		return payment.Seen{}, nil // not one of ours
	}
	seen := payment.Seen{Status: payment.Pending, At: time.Unix(inv.Created, 0).UTC()}
	if intent := paidBy(inv); intent != "" {
		var err error
		if seen, err = d.intentOf(ctx, intent); err != nil {
			return seen, err
		}
	} else if inv.Status == stripe.InvoiceStatusPaid && inv.AmountPaid > 0 { // by transfer or cash, noted by the operator
		seen.Charge, seen.Status, seen.Amount, seen.Currency = inv.ID, payment.Succeeded, money(inv.AmountPaid), string(inv.Currency)
	} else if inv.Status == stripe.InvoiceStatusOpen && inv.AttemptCount > 0 && inv.BillingReason == stripe.InvoiceBillingReasonSubscriptionCycle {
		seen.Status, seen.Failure = payment.Declined, "declined" // Stripe tries again; on a page the payer does
	}
	seen.Subscription, seen.PaymentID = details.Subscription.ID, ""
	if inv.BillingReason == stripe.InvoiceBillingReasonSubscriptionCreate {
		seen.PaymentID = details.Metadata[metaPayment]
	}
	if inv.HostedInvoiceURL != "" {
		seen.Receipt = inv.HostedInvoiceURL
	}
	return seen, nil
}

// packInvoice is the invoice that Stripe writes for what was bought once.
func (d *Driver) packInvoice(ctx context.Context, inv *stripe.Invoice) (payment.Seen, error) {
	intent := paidBy(inv)
	if intent == "" {
		return payment.Seen{}, nil
	}
	seen, err := d.intentOf(ctx, intent)
	if err != nil || seen.PaymentID == "" {
		return payment.Seen{}, err
	}
	if inv.HostedInvoiceURL != "" {
		seen.Receipt = inv.HostedInvoiceURL
	}
	return seen, nil
}

func paidBy(inv *stripe.Invoice) string {
	if inv.Payments == nil {
		return ""
	}
	for _, p := range inv.Payments.Data {
		if p.Status == "paid" && p.Payment != nil && p.Payment.PaymentIntent != nil {
			return p.Payment.PaymentIntent.ID
		}
	}
	return ""
}

// invoicesOf are the payments of a subscription, the oldest first: that is the order in which its periods were paid.
func (d *Driver) invoicesOf(ctx context.Context, subscription string) ([]payment.Seen, error) {
	p := &stripe.InvoiceListParams{Subscription: stripe.String(subscription), Status: stripe.String("paid")}
	p.AddExpand("data.payments")
	var list []payment.Seen
	for inv, err := range d.api.V1Invoices.List(ctx, p).All(ctx) {
		if err != nil {
			if missing(err) {
				return nil, nil
			}
			return nil, failed("list the invoices of a subscription", err)
		}
		seen, err := d.readInvoice(ctx, inv)
		if err != nil {
			return nil, failed("read an invoice", err)
		}
		if seen != (payment.Seen{}) {
			list = append([]payment.Seen{seen}, list...)
		}
	}
	return list, nil
}

// ours looks for a payment by our own name, where the answer to asking for it was lost.
func (d *Driver) ours(ctx context.Context, customer, paymentID string) ([]payment.Seen, error) {
	var list []payment.Seen
	sessions := d.api.V1CheckoutSessions.List(ctx, &stripe.CheckoutSessionListParams{Customer: stripe.String(customer)})
	for s, err := range sessions.All(ctx) {
		if err != nil {
			return nil, failed("list a customer's pages", err)
		}
		if s.Metadata[metaPayment] != paymentID {
			continue
		}
		seen, err := d.session(ctx, s)
		if err != nil {
			return nil, failed("read a page", err)
		}
		list = append(list, seen)
	}
	p := &stripe.PaymentIntentListParams{Customer: stripe.String(customer)}
	p.AddExpand("data.latest_charge")
	for i, err := range d.api.V1PaymentIntents.List(ctx, p).All(ctx) {
		if err != nil {
			return nil, failed("list a customer's payments", err)
		}
		if i.Metadata[metaPayment] != paymentID {
			continue
		}
		seen, err := d.read(ctx, i)
		if err != nil {
			return nil, failed("read a payment", err)
		}
		list = append(list, seen)
	}
	return list, nil
}

// Each implements payment.Provider.
func (d *Driver) Each(ctx context.Context, since time.Time, f func(payment.Seen) error) error {
	p := &stripe.PaymentIntentListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
	p.Limit = stripe.Int64(100)
	for i, err := range d.api.V1PaymentIntents.List(ctx, p).All(ctx) {
		if err != nil {
			return failed("list payments", err)
		}
		if i.Status != stripe.PaymentIntentStatusSucceeded {
			continue
		}
		seen, err := d.intent(ctx, i.ID)
		if err != nil {
			return failed("read a payment", err)
		}
		if seen == (payment.Seen{}) {
			continue
		}
		if err := f(seen); err != nil {
			return err
		}
	}
	return nil
}
