package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"rcu/services/internal/boot"
)

// cli is the whole command line.
type cli struct {
	JSON bool   `name:"json" help:"Answer as JSON on stdout."`
	Data string `name:"data" help:"Folder of this installation." default:"data" env:"RCU_HOME" type:"path" placeholder:"DIR"`

	Up       upCmd       `cmd:"" help:"Start everything on this machine, until Ctrl-C."`
	Run      runCmd      `cmd:"" help:"Start one service alone."`
	Demo     demoCmd     `cmd:"" help:"Stream a made-up chain of shops into a running installation."`
	Import   importCmd   `cmd:"" help:"Bring files of other systems in."`
	Rebuild  rebuildCmd  `cmd:"" help:"Fill Redis or ClickHouse again from Kafka."`
	Backup   backupCmd   `cmd:"" help:"Write the data of a stopped installation into an archive, without keys."`
	Restore  restoreCmd  `cmd:"" help:"Put an archive back."`
	Doctor   doctorCmd   `cmd:"" help:"Find out what is wrong with an installation, and what to do."`
	Profile  profileCmd  `cmd:"" help:"Show a customer."`
	Match    matchCmd    `cmd:"" help:"Find the records of files that are probably one person."`
	Explain  explainCmd  `cmd:"" help:"Tell why the identifiers of a customer are one person."`
	Act      actCmd      `cmd:"" help:"Decide who is who where evidence alone gets it wrong."`
	Review   reviewCmd   `cmd:"" help:"List what only a person can decide about who is who."`
	Identity identityCmd `cmd:"" help:"Who is who, offline."`
	Consent  consentCmd  `cmd:"" help:"What people permit, offline."`
	Erasure  erasureCmd  `cmd:"" help:"How far erasures are, and their ledger."`
	Rules    rulesCmd    `cmd:"" help:"Rules of who is who: check, show, try, apply."`
	Topic    topicCmd    `cmd:"" help:"Look into the topics."`
	SQL      sqlCmd      `cmd:"" name:"sql" help:"Ask ClickHouse."`
	Key      keyCmd      `cmd:"" help:"Print a key of this installation, or change one without a gap."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Internal internalCmd `cmd:"" hidden:"" help:"Child processes of rcu up."`
}

// app is what every command gets beside its own flags.
type app struct {
	world boot.IO
	json  bool
	data  string
	verb  string // the last word of the command: `ban` of `rcu act ban`
}

// answer writes the result of a command: v as JSON, or what text writes for a person.
func (a *app) answer(v any, text func(io.Writer)) error {
	if !a.json {
		text(a.world.Stdout)
		return nil
	}
	enc := json.NewEncoder(a.world.Stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// say writes a line for a person to stderr; with --json it stays silent.
func (a *app) say(format string, args ...any) {
	if !a.json {
		_, _ = fmt.Fprintf(a.world.Stderr, format+"\n", args...)
	}
}

// leave carries an exit code out of kong, which would end the process.
type leave struct{ code int }

// run reads the command line and runs the command.
func run(ctx context.Context, world boot.IO) (err error) {
	defer func() { err = left(recover(), err) }()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("rcu"), kong.Description("One customer record from store, web, mobile and call centre."),
		kong.Writers(world.Stdout, world.Stderr), kong.Exit(func(code int) { panic(leave{code}) }),
		kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return fmt.Errorf("building the command line: %w", err)
	}
	args := world.Args
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	var wrong *kong.ParseError
	if errors.As(err, &wrong) {
		return &boot.UsageError{Err: fmt.Errorf("%w (see rcu --help)", err)}
	}
	if err != nil {
		return &boot.UsageError{Err: err}
	}
	err = command.Run(&app{world: world, json: c.JSON, data: c.Data, verb: command.Selected().Name})
	if ctx.Err() != nil && errors.Is(err, context.Canceled) && !untilTold(command.Command()) {
		return &boot.CutShort{Err: err}
	}
	return err //nolint:wrapcheck // says all
}

// untilTold reports whether a command works until it is asked to end, so that this is its good end.
func untilTold(command string) bool {
	name, _, _ := strings.Cut(command, " ")
	return slices.Contains([]string{"up", "run", "internal"}, name)
}

// left is what run answers where kong left with an exit code. Any other panic is a fault of ours, and goes on.
func left(recovered any, err error) error {
	l, ok := recovered.(leave)
	switch {
	case recovered == nil:
		return err
	case !ok:
		panic(recovered)
	case l.code != 0:
		return &boot.Silent{Code: boot.ExitUsage}
	}
	return nil
}
