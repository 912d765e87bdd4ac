// Package clickhouse owns the schema of the warehouse as data: numbered migrations of tables, and the views over them.
//
// A migration is forward-only and one idempotent statement; a file that was released never changes. A view is one
// `CREATE OR REPLACE VIEW` in a file of its own, applied again at every migration, in the order of the file names:
// a view holds no data. `{{database}}` in a view stands for the database of the installation.
package clickhouse

import "embed"

// Migrations are the numbered migrations of the tables (goose format).
//
//go:embed *.sql
var Migrations embed.FS

// Views are the views that readers see, below `views/`.
//
//go:embed views/*.sql
var Views embed.FS
