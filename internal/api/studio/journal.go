package studio

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"bottega/internal/access"
	"bottega/internal/clock"
	"bottega/internal/fault"
	"bottega/internal/generation"
	"bottega/internal/generation/kind/image"
	"bottega/internal/id"
	"bottega/internal/ledger"
	"bottega/internal/token"
)

// JournalItem is one movement of tokens.
type JournalItem struct {
	Seq          int64        `json:"seq"`
	At           time.Time    `json:"at"`
	Op           string       `json:"op" enum:"grant,hold,capture,release,expire,roll,takeback,debt,repay"`
	Amount       token.Amount `json:"amount_mt" doc:"effect on what is available: negative when it went away"`
	Moved        token.Amount `json:"moved_mt" doc:"the amount itself: what was captured had gone away with its hold"`
	Layer        string       `json:"layer" enum:"promo,daily,team,plan,bank,topup,debt"`
	GenerationID *string      `json:"generation_id"`
	Model        *string      `json:"model" doc:"of the generation"`
	Prompt       *string      `json:"prompt" doc:"of the generation, while it is there"`
	Member       *string      `json:"member" doc:"e-mail address of who made the generation, in a team's journal"`
	Note         string       `json:"note"`
	SheetVersion *int         `json:"sheet_version" doc:"of the price sheet behind the amount; see get-price-sheet"`
}

// JournalSearch says which lines of a wallet's journal are wanted.
type JournalSearch struct {
	Op         string    `query:"op" enum:"grant,hold,capture,release,expire,roll,takeback,debt,repay" doc:"only this kind of movement"`
	Layer      string    `query:"layer" enum:"promo,daily,team,plan,bank,topup,debt" doc:"only this layer"`
	Model      string    `query:"model" maxLength:"200" doc:"only generations of this model, by its name"`
	Generation string    `query:"generation" maxLength:"100" doc:"only this generation, by its id"`
	From       time.Time `query:"from" doc:"not before"`
	To         time.Time `query:"to" doc:"before"`
}

// JournalFilter is a search in one of one's own wallets.
type JournalFilter struct {
	Of string `query:"of" enum:"tokens,credits" default:"tokens" doc:"which wallet"`
	JournalSearch
}

type journalInput struct {
	JournalFilter
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"100"`
	Cursor string `query:"cursor" doc:"next of the page before"`
}

// query is the filter for an actor's own wallet.
func (f JournalFilter) query(actor access.Actor) (ledger.JournalQuery, error) {
	if f.Of == "credits" {
		return f.in(ledger.CreditsOf(actor.AccountID))
	}
	return f.in(actor.AccountID)
}

// in is the search in a wallet.
func (f JournalSearch) in(wallet string) (ledger.JournalQuery, error) {
	q := ledger.JournalQuery{
		Wallet: wallet, Op: f.Op, Layer: ledger.GrantKind(f.Layer), Model: f.Model, HoldID: f.Generation, From: f.From, To: f.To,
	}
	switch {
	case f.Generation != "" && !id.Valid(f.Generation):
		return q, fault.Bad(fault.Field{Name: "generation", Value: f.Generation, Message: "is not an id", Allowed: "the id of a generation"})
	case strings.ContainsRune(f.Model, 0) || !utf8.ValidString(f.Model):
		return q, fault.Bad(fault.Field{Name: "model", Message: "is not a text", Allowed: "the name of a model"})
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.To.After(f.From) {
		return q, fault.Bad(fault.Field{
			Name: "to", Value: f.To.Format(time.RFC3339), Message: "is not after from", Allowed: "a moment after " + f.From.Format(time.RFC3339),
		})
	}
	return q, nil
}

func (s *server) listJournal(ctx context.Context, in *journalInput) (*body[List[JournalItem]], error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	query, err := in.query(actor)
	if err != nil {
		return nil, err
	}
	return s.journal(ctx, actor, query, in.Cursor, in.Limit)
}

// journal answers with a page of a wallet's journal, with as much of the generations as the actor sees.
func (s *server) journal(ctx context.Context, actor access.Actor, q ledger.JournalQuery, cursor string, limit int) (*body[List[JournalItem]], error) {
	items, next, err := s.Ledger.Search(ctx, q, cursor, limit)
	if err != nil {
		return nil, err
	}
	members, err := s.members(ctx, q.Wallet, items)
	if err != nil {
		return nil, err
	}
	prompts, err := s.prompts(ctx, actor, items)
	if err != nil {
		return nil, err
	}
	out := List[JournalItem]{Items: make([]JournalItem, 0, len(items)), Next: textOrNull(next)}
	for _, it := range items {
		out.Items = append(out.Items, JournalItem{
			Seq: it.Seq, At: it.At.UTC(), Op: it.Op, Amount: it.Amount, Moved: it.Moved, Layer: string(it.Layer),
			GenerationID: textOrNull(it.HoldID), Model: textOrNull(it.Model), Prompt: textOrNull(prompts[it.HoldID]), Note: it.Note,
			SheetVersion: numberOrNull(it.Sheet), Member: textOrNull(members[it.HoldID]),
		})
	}
	return answer(out), nil
}

// members says whose work the items of a team's journal are about.
func (s *server) members(ctx context.Context, wallet string, items []ledger.JournalItem) (map[string]string, error) {
	if _, ok := ledger.IsTeam(wallet); !ok {
		return nil, nil
	}
	var ids []string
	for _, it := range items {
		if it.HoldID != "" {
			ids = append(ids, it.HoldID)
		}
	}
	makers, err := s.Generations.Makers(ctx, ids)
	if err != nil {
		return nil, err
	}
	accounts := slices.Sorted(maps.Values(makers))
	emails, err := s.Teams.Emails(ctx, slices.Compact(accounts))
	for generation, account := range makers {
		makers[generation] = emails[account]
	}
	return makers, err
}

// prompts reads the prompts of the generations that the items name; a deleted one has none any more.
func (s *server) prompts(ctx context.Context, actor access.Actor, items []ledger.JournalItem) (map[string]string, error) {
	prompts := map[string]string{}
	for _, it := range items {
		if _, known := prompts[it.HoldID]; known || it.HoldID == "" {
			continue
		}
		prompts[it.HoldID] = ""
		g, err := s.Generations.Get(ctx, actor, it.HoldID)
		if errors.Is(err, generation.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		p, err := image.ParseParams(g.Params)
		if err != nil {
			return nil, err
		}
		prompts[it.HoldID] = p.Prompt
	}
	return prompts, nil
}

// csvColumns are the first line of an export. Amounts are whole tokens or credits with up to three decimals.
var csvColumns = []string{
	"number", "time", "operation", "layer", "change", "amount", "unit", "generation", "model", "price_sheet", "note",
}

// exportEvery is how many lines are written before the reader must have taken them, within exportPatience.
const (
	exportEvery    = 200
	exportPatience = 30 * time.Second
)

// exportJournal writes the wanted lines as CSV (RFC 4180), oldest first, while they are read. An error on the way cuts
// the answer off, so that a part is not taken for the whole.
func (s *server) exportJournal(ctx context.Context, in *JournalFilter) (*huma.StreamResponse, error) {
	actor, err := access.From(ctx)
	if err != nil {
		return nil, err
	}
	query, err := in.query(actor)
	if err != nil {
		return nil, err
	}
	unit := "token"
	if in.Of == "credits" {
		unit = "credit"
	}
	return s.export(query, unit, "bottega-"+unit+"s"), nil
}

// export is the answer with a file of a journal; its name goes on with the day.
func (s *server) export(q ledger.JournalQuery, unit, name string) *huma.StreamResponse {
	name = fmt.Sprintf("%s-%s.csv", name, s.Clock.Now().UTC().Format(time.DateOnly))
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		if err := s.writeCSV(hc.Context(), w, q, unit); err != nil {
			panic(http.ErrAbortHandler)
		}
	}}
}

// csvFile is an export on its way, a few lines at a time.
type csvFile struct {
	*csv.Writer
	unit    string
	team    bool // says whose work each line is about
	control *http.ResponseController
}

// patience gives the reader time for the next lines. It is of the network: by the machine's clock.
func (f *csvFile) patience() error {
	err := errors.Join(f.control.SetReadDeadline(time.Time{}), f.control.SetWriteDeadline(clock.System{}.Now().Add(exportPatience)))
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

func (s *server) writeCSV(ctx context.Context, w http.ResponseWriter, q ledger.JournalQuery, unit string) error {
	f := &csvFile{Writer: csv.NewWriter(w), unit: unit, control: http.NewResponseController(w)}
	f.UseCRLF = true
	_, f.team = ledger.IsTeam(q.Wallet)
	if err := f.patience(); err != nil {
		return err
	}
	head := csvColumns
	if f.team {
		head = append(slices.Clone(head), "member")
	}
	if err := f.Write(head); err != nil {
		return err
	}
	lines := make([]ledger.JournalItem, 0, exportEvery)
	err := s.Ledger.Each(ctx, q, func(it ledger.JournalItem) error {
		if lines = append(lines, it); len(lines) < exportEvery {
			return nil
		}
		err := s.writeLines(ctx, f, q.Wallet, lines)
		lines = lines[:0]
		return err
	})
	if err != nil {
		return err
	}
	return s.writeLines(ctx, f, q.Wallet, lines)
}

// writeLines hands lines over.
func (s *server) writeLines(ctx context.Context, f *csvFile, wallet string, items []ledger.JournalItem) error {
	members, err := s.members(ctx, wallet, items)
	if err != nil {
		return err
	}
	for _, it := range items {
		line := csvLine(it, f.unit)
		if f.team {
			line = append(line, cell(members[it.HoldID]))
		}
		if err := f.Write(line); err != nil {
			return err
		}
	}
	f.Flush()
	return errors.Join(f.Error(), f.patience())
}

func csvLine(it ledger.JournalItem, unit string) []string {
	sheet := ""
	if it.Sheet != 0 {
		sheet = strconv.Itoa(it.Sheet)
	}
	return []string{
		strconv.FormatInt(it.Seq, 10), it.At.UTC().Format("2006-01-02T15:04:05.000000Z"), it.Op, string(it.Layer),
		it.Amount.String(), it.Moved.String(), unit, cell(it.HoldID), cell(it.Model), sheet, cell(it.Note),
	}
}

// cell keeps a text from being a formula where the file is opened in a spreadsheet: what begins like one gets an
// apostrophe before it. Numbers are ours and stay numbers.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(text)[0]) {
		return "'" + text
	}
	return text
}
