package embedded

import (
	"os"
	"os/signal"
	"syscall"
)

// clickhouseSpec is what the child reads from its file.
type clickhouseSpec struct {
	Library string   `json:"library"`
	Args    []string `json:"args"`
	Remove  string   `json:"remove"` // folder to remove when the parent is gone
	Nice    int      `json:"nice"`   // by how much it comes after others for the processor
}

// runClickHouse is the child: it loads the engine and never returns while the engine serves. A stop ends the process
// at once: every acknowledged insert is with the kernel already, as after kill -9.
func runClickHouse(file string) error {
	var sp clickhouseSpec
	if err := readSpec(file, &sp); err != nil {
		return err
	}
	if err := giveWay(sp.Nice); err != nil {
		return err
	}
	go endWhenAsked(sp.Remove)
	return serveEngine(sp)
}

func endWhenAsked(remove string) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	select {
	case <-stop:
	case <-parentGone():
	}
	if remove != "" {
		_ = os.RemoveAll(remove)
	}
	os.Exit(0)
}
