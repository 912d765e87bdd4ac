package boot

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
)

// ParseFlags reads a small program's flags. A FlagSet tells what is wrong and prints its help itself, so an error of it is Silent.
func ParseFlags(f *flag.FlagSet, args []string) error {
	switch err := f.Parse(args); {
	case err == nil:
		return nil
	case errors.Is(err, flag.ErrHelp):
		return &Silent{Code: ExitOK}
	default:
		return &Silent{Code: ExitUsage}
	}
}

// PrintJSON writes a report as indented JSON.
func PrintJSON(w io.Writer, report any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(report); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}
