package db

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Trouble says why the database cannot work at the moment, in words for everybody, or nothing when err is about
// something else, such as a wrong statement. The same again may work later.
func Trouble(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return troubleOfPostgres(pg.Code)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return troubleOfSQLite(lite.Code() & 0xff) // the rest of the code says where
	}
	var dial *pgconn.ConnectError
	var network *net.OpError
	if errors.As(err, &dial) || errors.As(err, &network) || pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, sql.ErrConnDone) ||
		errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) {
		return noAnswer
	}
	return ""
}

const (
	noAnswer = "the database does not answer"
	noFile   = "the file of the database cannot be used"
	diskFull = "the disk is full"
	tooBusy  = "the database is busy"
)

// troubleOfPostgres goes by the classes of appendix A of PostgreSQL's manual.
func troubleOfPostgres(code string) string {
	switch {
	case code == "53100":
		return diskFull
	case strings.HasPrefix(code, "53"), code == "40001", code == "40P01", code == "55P03": // resources, and locks after all tries
		return tooBusy
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "57P0"), strings.HasPrefix(code, "58"),
		code == "25006": // connections, shutdown, its own files, a standby
		return noAnswer
	}
	return ""
}

func troubleOfSQLite(code int) string {
	switch {
	case code == sqlite3.SQLITE_FULL:
		return diskFull
	case code == sqlite3.SQLITE_BUSY, code == sqlite3.SQLITE_LOCKED:
		return tooBusy
	case slices.Contains([]int{sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}, code):
		return noFile
	}
	return ""
}
