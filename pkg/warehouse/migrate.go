package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	schema "rcu/schemas/clickhouse"
)

const (
	versionTable     = "schema_migrations"
	ownersDictionary = "leaf_owner_overrides"
	// serverless is the database that every server has.
	serverless = "default"
)

// SchemaVersion is where the tables stand and where this program wants them.
type SchemaVersion struct {
	// Current is the last migration applied; 0 when there is none.
	Current int64
	// Target is the last migration that this program knows.
	Target int64
}

// Behind says that migrations are missing.
func (v SchemaVersion) Behind() bool { return v.Current < v.Target }

// Ahead says that a newer program migrated this database.
func (v SchemaVersion) Ahead() bool { return v.Current > v.Target }

// ErrSchemaAhead says that a newer program migrated the database: an older one must not put its own views there.
var ErrSchemaAhead = errors.New("the schema of the database is newer than this program")

// Migrate brings the database to the schema of this program: it creates the database if it is missing, applies the migrations
// that are missing, gives the tables their settings, and sets the dictionary and the views anew. Running it again, or twice at once, changes nothing.
func (w *Warehouse) Migrate(ctx context.Context) error {
	if err := w.createDatabase(ctx); err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	if v, err := w.SchemaVersion(ctx); err != nil {
		return err
	} else if v.Ahead() {
		return fmt.Errorf("%w: it has version %d, and this program knows %d: start the program that made it, or a newer one", ErrSchemaAhead, v.Current, v.Target)
	}
	db := clickhouse.OpenDB(w.migrationOptions())
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the tables: %w", migrationError(err))
	}
	if err := w.tune(ctx); err != nil {
		return err
	}
	if err := w.conn.Exec(ctx, w.dictionarySQL()); err != nil {
		return fmt.Errorf("creating the dictionary of owners: %w", redact(err))
	}
	return w.replaceViews(ctx)
}

// SchemaVersion reads how far the database is migrated. It changes nothing.
func (w *Warehouse) SchemaVersion(ctx context.Context) (SchemaVersion, error) {
	files, err := fs.Glob(schema.Migrations, "*.sql")
	if err != nil {
		return SchemaVersion{}, fmt.Errorf("listing the migrations: %w", err)
	}
	var v SchemaVersion
	for _, f := range files {
		n, err := goose.NumericComponent(f)
		if err != nil {
			return SchemaVersion{}, fmt.Errorf("reading the number of migration %s: %w", f, err)
		}
		v.Target = max(v.Target, n)
	}
	err = w.conn.QueryRow(ctx, "SELECT max(version_id) FROM "+w.name(versionTable)).Scan(&v.Current)
	var e *Error
	if err = redact(err); errors.As(err, &e) && (e.Code == codeUnknownTable || e.Code == codeUnknownDatabase) {
		return v, nil
	}
	if err != nil {
		return SchemaVersion{}, fmt.Errorf("reading the schema version: %w", err)
	}
	return v, nil
}

func (w *Warehouse) createDatabase(ctx context.Context) error {
	cfg := w.cfg
	cfg.Database = serverless
	bootstrap, err := Open(cfg)
	if err != nil {
		return err
	}
	defer func() { _ = bootstrap.Close() }()
	return redact(bootstrap.conn.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+w.cfg.Database))
}

func (w *Warehouse) migrationOptions() *clickhouse.Options {
	o := w.cfg.options()
	o.Settings = clickhouse.Settings{"async_insert": 0, "mutations_sync": 2}
	// database/sql takes these limits from the caller, not from the options.
	o.MaxOpenConns, o.MaxIdleConns, o.ConnMaxLifetime = 0, 0, 0
	o.ReadTimeout = 5 * time.Minute
	return o
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	db.SetMaxOpenConns(2)
	return goose.NewProvider(goose.DialectClickHouse, db, schema.Migrations,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
}

// migrationError keeps which migration failed, and drops the engine's text.
func migrationError(err error) error {
	var partial *goose.PartialError
	if errors.As(err, &partial) && partial.Failed != nil && partial.Failed.Source != nil {
		return fmt.Errorf("migration %s: %w", partial.Failed.Source.Path, redact(partial.Err))
	}
	var answer *clickhouse.Exception
	var http *clickhouse.HTTPError
	if errors.As(err, &answer) || errors.As(err, &http) {
		return redact(err)
	}
	return err // of the migration tool itself: names of files and versions
}

// dictionarySQL is no migration because it holds the credentials with which the engine reads its own table, and these may change.
func (w *Warehouse) dictionarySQL() string {
	return fmt.Sprintf(`CREATE OR REPLACE DICTIONARY %s (leaf UUID, rcu_id String) PRIMARY KEY leaf
SOURCE(CLICKHOUSE(USER %s PASSWORD %s DB %s QUERY %s)) LIFETIME(MIN 1 MAX 2) LAYOUT(COMPLEX_KEY_HASHED())`,
		w.name(ownersDictionary), literal(w.cfg.User), literal(w.cfg.Password), literal(w.cfg.Database),
		literal("SELECT leaf, rcu_id FROM "+w.name("leaf_owners")+" FINAL"))
}

// literal quotes a text as SQL.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func (w *Warehouse) replaceViews(ctx context.Context) error {
	files, err := fs.Glob(schema.Views, "views/*.sql")
	if err != nil {
		return fmt.Errorf("listing the views: %w", err)
	}
	slices.Sort(files)
	for _, f := range files {
		text, err := fs.ReadFile(schema.Views, f)
		if err != nil {
			return fmt.Errorf("reading view %s: %w", f, err)
		}
		if err := w.conn.Exec(ctx, strings.ReplaceAll(string(text), "{{database}}", w.cfg.Database)); err != nil {
			return fmt.Errorf("replacing view %s: %w", f, redact(err))
		}
	}
	return nil
}
