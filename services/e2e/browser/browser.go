package browser

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// Viewport is the size of a window.
type Viewport struct {
	Width, Height int64
	Phone         bool // a touch screen that calls itself a phone
}

// Windows that people use.
var (
	Desktop = Viewport{Width: 1280, Height: 900}
	Tablet  = Viewport{Width: 1024, Height: 768, Phone: true}
	Phone   = Viewport{Width: 390, Height: 844, Phone: true}
)

// programs are the names that Chromium goes by.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// stepLimit bounds one step in a page: what takes longer than a person would wait is a fault.
const stepLimit = 20 * time.Second

var axe struct {
	once   sync.Once
	script string
	err    error
}

// Open starts a browser of the test's own, with nothing remembered, and a page of the size in it. language is what it prefers: fr, en.
func Open(t testing.TB, size Viewport, language string) *Page {
	t.Helper()
	program := find(t)
	script := axeScript(t)
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", language), chromedp.Flag("accept-lang", language),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true),
	)
	alloc, endAlloc := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), opts...)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); end(); endAlloc() })
	emulate := []chromedp.EmulateViewportOption{}
	if size.Phone {
		emulate = append(emulate, chromedp.EmulateTouch, chromedp.EmulateMobile)
	}
	require.NoError(t, chromedp.Run(ctx, chromedp.EmulateViewport(size.Width, size.Height, emulate...)), "starting Chromium")
	t.Logf("testkit: backend=%s from=%s", testkit.BackendBrowser, filepath.Base(program))
	return &Page{t: t, ctx: ctx, axe: script}
}

func find(t testing.TB) string {
	t.Helper()
	for _, name := range programs {
		if at, err := exec.LookPath(name); err == nil {
			return at
		}
	}
	testkit.Missing(t, testkit.BackendBrowser, "Chromium is not installed: run scripts/browser fetch")
	return ""
}

// axeScript is the text of axe-core.
func axeScript(t testing.TB) string {
	t.Helper()
	axe.once.Do(func() {
		var out []byte
		ask := exec.CommandContext(context.Background(), "scripts/browser", "axe")
		ask.Dir = testkit.Root(t)
		if out, axe.err = ask.Output(); axe.err != nil {
			return
		}
		var raw []byte
		raw, axe.err = os.ReadFile(strings.TrimSpace(string(out)))
		axe.script = string(raw)
	})
	if axe.err != nil {
		testkit.Missing(t, testkit.BackendBrowser, "axe-core was never fetched: run scripts/browser fetch")
	}
	return axe.script
}
