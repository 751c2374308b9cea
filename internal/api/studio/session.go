package studio

import (
	"context"
	"strings"
	"time"

	"bottega/internal/access"
	"bottega/internal/account"
	"bottega/internal/api"
	"bottega/internal/fault"
)

// Status is what anybody may know.
type Status struct {
	Version     string `json:"version"`
	SignupOpen  bool   `json:"signup_open"`
	ModelsReady bool   `json:"models_ready"`

	Payments PaymentTerms `json:"payments" doc:"what can be paid for here"`
}

// Session is who is signed in and what they have.
type Session struct {
	Account Account `json:"account"`
	Balance Balance `json:"balance"`
	Studio  Studio  `json:"studio"`

	Payments PaymentTerms `json:"payments" doc:"what can be paid for here"`
}

// Account is one's own account.
type Account struct {
	ID        string    `json:"id" format:"uuid"`
	Email     string    `json:"email"`
	Plan      string    `json:"plan"`
	PlanTitle string    `json:"plan_title"`
	Role      string    `json:"role" enum:"user,owner"`
	CreatedAt time.Time `json:"created_at"`
}

// Studio is the installation.
type Studio struct {
	Version    string `json:"version"`
	SignupOpen bool   `json:"signup_open"`
}

// Credentials are what one signs in with.
type Credentials struct {
	Email    string `json:"email"`
	Password string `json:"password" writeOnly:"true"`
}

// OwnerClaim is what one becomes the owner with.
type OwnerClaim struct {
	Token    string `json:"token" writeOnly:"true" doc:"from the one-time link"`
	Email    string `json:"email"`
	Password string `json:"password" writeOnly:"true"`
}

type credentialsInput struct {
	Browser
	Body Credentials
}

type ownerInput struct {
	Browser
	Body OwnerClaim
}

type browserInput struct{ Browser }

type nothing struct{}

type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{Body: v} }

var errSignupClosed = fault.New(fault.Forbidden, "signup_closed", "new accounts are made by the owner of this studio")

func (s *server) getStatus(context.Context, *nothing) (*body[Status], error) {
	ready := len(s.Models.Models()) > 0
	if s.ModelsReady != nil {
		ready = s.ModelsReady()
	}
	return answer(Status{Version: s.Version, SignupOpen: s.SignupOpen, ModelsReady: ready, Payments: s.paymentTerms()}), nil
}

func (s *server) signUp(ctx context.Context, in *credentialsInput) (*body[Session], error) {
	if !s.SignupOpen {
		return nil, errSignupClosed
	}
	if err := s.allowEmail(in.Body.Email); err != nil {
		return nil, err
	}
	a, err := s.Accounts.Create(ctx, account.New{
		Email: in.Body.Email, Password: in.Body.Password, Role: access.RoleUser, Plan: s.SignupPlan,
	})
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, in.Browser, a)
}

func (s *server) signIn(ctx context.Context, in *credentialsInput) (*body[Session], error) {
	if err := s.allowEmail(in.Body.Email); err != nil {
		return nil, err
	}
	token, a, err := s.Auth.SignIn(ctx, in.Body.Email, in.Body.Password, in.r.UserAgent())
	if err != nil {
		return nil, err
	}
	return s.enter(ctx, in.Browser, a, token)
}

func (s *server) claimOwner(ctx context.Context, in *ownerInput) (*body[Session], error) {
	a, err := s.Auth.ClaimOwner(ctx, in.Body.Token, in.Body.Email, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, in.Browser, a)
}

// begin starts a session of an account that was just made.
func (s *server) begin(ctx context.Context, b Browser, a account.Account) (*body[Session], error) {
	token, err := s.Auth.StartSession(ctx, a.ID, b.r.UserAgent())
	if err != nil {
		return nil, err
	}
	return s.enter(ctx, b, a, token)
}

// enter hands the browser its new session and ends the one it had.
func (s *server) enter(ctx context.Context, b Browser, a account.Account, token string) (*body[Session], error) {
	if old := api.SessionToken(b.r, s.Proxies); old != "" {
		if err := s.Auth.SignOut(ctx, old); err != nil {
			return nil, err
		}
	}
	session, err := s.session(ctx, a)
	if err != nil {
		return nil, err
	}
	api.SetSession(b.w, b.r, s.Proxies, token)
	return answer(session), nil
}

func (s *server) signOut(ctx context.Context, in *browserInput) (*nothing, error) {
	if token := api.SessionToken(in.r, s.Proxies); token != "" {
		if err := s.Auth.SignOut(ctx, token); err != nil {
			return nil, err
		}
	}
	api.ClearSession(in.w, in.r, s.Proxies)
	return nil, nil
}

func (s *server) getSession(ctx context.Context, _ *nothing) (*body[Session], error) {
	a, err := s.account(ctx)
	if err != nil {
		return nil, err
	}
	session, err := s.session(ctx, a)
	if err != nil {
		return nil, err
	}
	return answer(session), nil
}

func (s *server) session(ctx context.Context, a account.Account) (Session, error) {
	a, err := s.Accounts.ByID(ctx, a.ID) // with the plan of this moment
	if err != nil {
		return Session{}, err
	}
	p := planOf(a)
	b, err := s.Ledger.Balance(ctx, a.ID)
	if err != nil {
		return Session{}, err
	}
	return Session{
		Account: Account{
			ID: a.ID, Email: a.Email, Plan: p.Name, PlanTitle: p.Title, Role: string(a.Role), CreatedAt: a.CreatedAt.UTC(),
		},
		Balance: wireBalance(b, p),
		Studio:  Studio{Version: s.Version, SignupOpen: s.SignupOpen}, Payments: s.paymentTerms(),
	}, nil
}

// account is the account of the context's actor.
func (s *server) account(ctx context.Context) (account.Account, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return account.Account{}, err
	}
	return s.Accounts.ByID(ctx, actor.AccountID)
}

// allowEmail counts an attempt on an e-mail address, so that many machines cannot try passwords of one account.
func (s *server) allowEmail(email string) error {
	email = strings.ToLower(strings.TrimSpace(email))
	const enough = 254 // longer ones are no addresses
	return s.attempts.Allow("email " + email[:min(len(email), enough)])
}
