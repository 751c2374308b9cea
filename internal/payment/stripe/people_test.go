package stripe_test

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// What happens at the till: pages, money, refunds, disputes, subscriptions.

// open opens a page to pay on.
func (b *till) open(form url.Values) object {
	cents, _ := strconv.ParseInt(form.Get("line_items[0][price_data][unit_amount]"), 10, 64)
	seats, _ := strconv.ParseInt(form.Get("line_items[0][quantity]"), 10, 64)
	id := b.id("cs")
	return b.keep(object{
		"id": id, "object": "checkout.session", "url": "https://checkout.test/" + id, "status": "open", "payment_status": "unpaid",
		"mode": form.Get("mode"), "customer": form.Get("customer"), "metadata": meta(form, "metadata"),
		"cents": cents * seats, "unit": cents, "seats": seats, "interval": form.Get("line_items[0][price_data][recurring][interval]"),
		"intent_meta": meta(form, "payment_intent_data[metadata]"), "sub_meta": meta(form, "subscription_data[metadata]"),
	})
}

// intent is money that came in.
func (b *till) intent(cents int64, customer string, metadata object) object {
	id, now := b.id("pi"), time.Now().Unix()
	charge := object{
		"id": b.id("ch"), "object": "charge", "amount": cents, "amount_refunded": int64(0), "created": now, "disputed": false,
		"receipt_url": "https://pay.test/receipts/" + id, "payment_intent": id, "status": "succeeded",
		"billing_details": object{"name": "Somebody Private"}, "payment_method_details": object{"card": object{"last4": "4242"}},
	}
	o := b.keep(object{
		"id": id, "object": "payment_intent", "amount": cents, "amount_received": cents, "currency": "usd", "customer": customer,
		"created": now, "status": "succeeded", "metadata": metadata, "latest_charge": charge, "client_secret": id + "_secret_x",
	})
	b.tell("payment_intent.succeeded", o)
	b.tell("charge.succeeded", charge)
	return o
}

// pay pays on a page.
func (b *till) pay(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.objects[id]
	if s == nil || s["status"] != "open" {
		b.t.Errorf("nobody can pay on %s: %v", id, s)
		return
	}
	s["status"], s["payment_status"] = "complete", "paid"
	customer, _ := s["customer"].(string)
	cents, _ := s["cents"].(int64)
	if s["mode"] == "payment" {
		s["payment_intent"] = b.intent(cents, customer, s["intent_meta"].(object))["id"]
	} else {
		sub := b.keep(object{
			"id": b.id("sub"), "object": "subscription", "status": "active", "customer": customer, "metadata": s["sub_meta"],
			"cancel_at_period_end": false, "items": list([]object{{
				"id": b.id("si"), "object": "subscription_item", "current_period_end": time.Now().AddDate(0, 1, 0).Unix(),
				"quantity": s["seats"],
				"price":    object{"object": "price", "unit_amount": s["unit"], "recurring": object{"interval": s["interval"]}},
			}}),
		})
		s["subscription"] = sub["id"]
		s["invoice"] = b.invoice(sub, "subscription_create")["id"]
		b.tell("customer.subscription.created", sub)
	}
	b.tell("checkout.session.completed", s)
}

// invoice bills a subscription and is paid at once.
func (b *till) invoice(sub object, reason string) object {
	item := sub["items"].(object)["data"].([]object)[0]
	cents := item["price"].(object)["unit_amount"].(int64) * item["quantity"].(int64)
	intent := b.intent(cents, sub["customer"].(string), object{})
	id := b.id("in")
	line := object{
		"id": b.id("inpay"), "object": "invoice_payment", "status": "paid", "invoice": id, "intent": intent["id"],
		"payment": object{"type": "payment_intent", "payment_intent": intent["id"]},
	}
	o := b.keep(object{
		"id": id, "object": "invoice", "status": "paid", "amount_paid": cents, "currency": "usd", "created": time.Now().Unix(),
		"billing_reason": reason, "hosted_invoice_url": "https://invoice.test/" + id, "customer": sub["customer"],
		"customer_email": "private@example.com", "subscription_of": sub["id"], "payments": list([]object{line}),
		"parent": object{
			"type": "subscription_details", "subscription_details": object{"subscription": sub["id"], "metadata": sub["metadata"]},
		},
	})
	b.keep(line)
	b.tell("invoice.paid", o)
	return o
}

// renew bills the next period.
func (b *till) renew(sub string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.invoice(b.objects[sub], "subscription_cycle")
	b.tell("customer.subscription.updated", b.objects[sub])
}

// refuse bills the next period, and the card is no good.
func (b *till) refuse(sub string) object {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := len(b.order)
	o := b.invoice(b.objects[sub], "subscription_cycle")
	for _, id := range b.order[before:] { // no money came in
		if id != o["id"] {
			delete(b.objects, id)
		}
	}
	b.order = append(b.order[:before:before], o["id"].(string))
	o["status"], o["amount_paid"], o["attempt_count"], o["payments"] = "open", int64(0), 1, list(nil)
	b.news = nil
	b.tell("invoice.payment_failed", o)
	return o
}

// renewByTransfer bills the next period, and the operator notes that it was paid outside of Stripe.
func (b *till) renewByTransfer(sub string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.invoice(b.objects[sub], "subscription_cycle")
	line := o["payments"].(object)["data"].([]object)[0]
	delete(b.objects, line["intent"].(string))
	delete(b.objects, line["id"].(string))
	b.order = slices.DeleteFunc(b.order, func(id string) bool { return b.objects[id] == nil })
	o["payments"] = list(nil)
	b.news = slices.DeleteFunc(b.news, func(e object) bool { return e["type"] == "payment_intent.succeeded" || e["type"] == "charge.succeeded" })
}

// follow changes a subscription as it is asked to.
func (b *till) follow(sub object, form url.Values) object {
	sub["cancel_at_period_end"] = form.Get("cancel_at_period_end") == "true"
	for k, v := range meta(form, "metadata") {
		sub["metadata"].(object)[k] = v
	}
	if cents, err := strconv.ParseInt(form.Get("items[0][price_data][unit_amount]"), 10, 64); err == nil {
		item := sub["items"].(object)["data"].([]object)[0]
		item["quantity"], _ = strconv.ParseInt(form.Get("items[0][quantity]"), 10, 64)
		item["price"] = object{
			"object": "price", "unit_amount": cents, "recurring": object{"interval": form.Get("items[0][price_data][recurring][interval]")},
		}
	}
	if form.Get("proration_behavior") != "none" {
		b.t.Error("Stripe would bill a difference of its own")
	}
	b.tell("customer.subscription.updated", sub)
	return sub
}

func (b *till) refund(form url.Values) (object, int) {
	intent := b.objects[form.Get("payment_intent")]
	cents, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	charge := intent["latest_charge"].(object)
	back := charge["amount_refunded"].(int64) + cents
	if back > charge["amount"].(int64) {
		return refusal(400, "invalid_request_error", "amount_too_large")
	}
	charge["amount_refunded"] = back
	b.tell("charge.refunded", charge)
	return object{"id": b.id("re"), "object": "refund", "amount": cents, "status": "succeeded"}, 200
}

// dispute sets how a dispute of a payment stands.
func (b *till) dispute(intent, status string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	charge := b.objects[intent]["latest_charge"].(object)
	charge["disputed"] = true
	id := "dp_" + intent
	o := b.keep(object{"id": id, "object": "dispute", "status": status, "payment_intent": intent, "amount": charge["amount"]})
	b.tell("charge.dispute.updated", o)
}

// take returns the events that were not delivered.
func (b *till) take() []object {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.news
	b.news = nil
	return news
}

// the returns the only object of a kind.
func (b *till) the(kind string) object {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.all(kind, func(object) bool { return true })
	if len(found) == 0 {
		b.t.Fatalf("there is no %s", kind)
	}
	return found[0]
}
