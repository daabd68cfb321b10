package tests

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browserLimit bounds each wait for a page. It is generous, for the machine may be busy.
const browserLimit = time.Minute

// TestBrowserLong opens the pages and the TypeScript package in Chromium.
func TestBrowserLong(t *testing.T) {
	t.Parallel()
	chromium := startChromium(t)
	for name, test := range map[string]func(*testing.T, context.Context){
		"explorer": testExplorer, "statuses": testStatusPages, "package": testPackage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, chromium)
		})
	}
}

// startChromium starts one browser for a test and its subtests. It skips the test where none is installed.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Println("browser: none")
		t.Skip("chromium is not installed")
	}
	// No name resolves, so nothing can leave the machine even if a page asks for it. Root cannot have
	// Chromium's sandbox. In a tab behind others no transition would ever end.
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.WSURLReadTimeout(browserLimit))
	ctx, end := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	t.Cleanup(end)
	about, err := chromedp.CallBrowser(ctx, browser.GetVersion, cdp.Empty{})
	check(t, err)
	_, version, _ := strings.Cut(about.Product, "/")
	fmt.Println("browser: chromium", version)
	return ctx
}

// step is an action of a person on a page.
type step = chromedp.Action[chromedp.Void]

// click clicks an element with the mouse, once it stands still: a click on one that is moving hits what is there by then.
func click(selector string) step {
	place := chromedp.Evaluate[string](fmt.Sprintf(`(part => part ? JSON.stringify(part.getBoundingClientRect()) : "")(document.querySelector(%q))`, selector))
	standStill := func(ctx context.Context, target *chromedp.Target) (void chromedp.Void, err error) {
		for before, now := "", ""; ctx.Err() == nil && (now == "" || now != before); time.Sleep(20 * time.Millisecond) {
			before = now
			now, _ = place(ctx, target) // an error: the page has just been left
		}
		return void, ctx.Err()
	}
	return chromedp.Steps(standStill, chromedp.Click(chromedp.CSS(selector)))
}

// fill replaces the text of a field.
func fill(selector, text string) step {
	return chromedp.Steps(chromedp.Focus(chromedp.CSS(selector)), chromedp.KeyEvent("a", chromedp.KeyModifiers(kb.ModifierCtrl)),
		chromedp.KeyEvent(kb.Backspace), func(ctx context.Context, target *chromedp.Target) (void chromedp.Void, err error) {
			_, err = cdp.Call(ctx, target, input.InsertText, input.InsertTextParams{Text: text})
			return void, err
		})
}

// tab is an isolated page in Chromium, with all requests that it made.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	requests   []*request
	complaints []string // of the console, of policies and of scripts
}

// request is a request of a page and its response.
type request struct {
	*network.EventRequestWillBeSent
	response *network.Response
	over     bool
}

// body is the body of the request.
func (r *request) body() (text string) {
	for _, part := range r.Request.PostDataEntries {
		text += string(part.Bytes)
	}
	return text
}

// openTab opens a tab of this width. When the test ends, the tab must have called these origins only, and the
// console must be free of errors.
func openTab(t *testing.T, chromium context.Context, width int64, origins ...string) *tab {
	t.Helper()
	return newTab(t, chromium, width, origins, chromedp.WithNewBrowserContext())
}

// another opens a second tab of the same browser.
func (b *tab) another(width int64, origins ...string) *tab {
	b.t.Helper()
	return newTab(b.t, b.ctx, width, origins)
}

func newTab(t *testing.T, parent context.Context, width int64, origins []string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	b := &tab{t: t}
	ctx, end := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.handle))...)
	t.Cleanup(end)
	check(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, 900)))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	check(t, err)
	b.ctx, end = context.WithTimeout(ctx, 5*browserLimit)
	t.Cleanup(end)
	t.Cleanup(func() {
		chromedp.Run(b.ctx, chromedp.Title()) // events before its answer have been handled
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, complaint := range b.complaints {
			t.Errorf("the browser complains: %s", complaint)
		}
		for _, r := range b.requests {
			own := func(origin string) bool { return strings.HasPrefix(r.Request.URL, origin+"/") }
			if !strings.HasPrefix(r.Request.URL, "data:") && !slices.ContainsFunc(origins, own) {
				t.Errorf("the page asked for %s", r.Request.URL)
			}
		}
	})
	return b
}

// handle records the events of the tab, one after the other.
func (b *tab) handle(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	complain := func(parts ...any) { b.complaints = append(b.complaints, strings.TrimSpace(fmt.Sprintln(parts...))) }
	of := func(id network.RequestID) *request {
		for _, r := range slices.Backward(b.requests) {
			if r.RequestID == id {
				return r
			}
		}
		return &request{EventRequestWillBeSent: &network.EventRequestWillBeSent{Request: &network.Request{}}}
	}
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, &request{EventRequestWillBeSent: event})
	case *network.EventResponseReceived:
		of(event.RequestID).response = event.Response
	case *network.EventLoadingFinished:
		of(event.RequestID).over = true
	case *network.EventLoadingFailed:
		if event.Canceled {
			return // by the page, which needs it no more
		}
		r := of(event.RequestID)
		complain(r.Request.Method, r.Request.URL, event.ErrorText, event.BlockedReason)
	case *runtime.EventConsoleAPICalled:
		if kind := string(event.Type); kind == "error" || kind == "warning" || kind == "assert" {
			text, _ := json.Marshal(event.Args)
			complain(kind, string(text))
		}
	case *runtime.EventExceptionThrown:
		text, _ := json.Marshal(event.ExceptionDetails)
		complain("exception", string(text))
	case *log.EventEntryAdded:
		// The log also holds refusals of operations, and pages that say what is wrong. These are no errors.
		refused := event.Entry.Source == log.EntrySourceNetwork &&
			(strings.Contains(event.Entry.URL, "/api/v1/") || of(event.Entry.NetworkRequestID).Type == network.ResourceTypeDocument)
		if !refused && (event.Entry.Level == log.EntryLevelError || event.Entry.Level == log.EntryLevelWarning) {
			complain(event.Entry.Text, event.Entry.URL)
		}
	}
}

// do runs steps, each of which waits for the elements that it needs.
func (b *tab) do(steps ...step) {
	b.t.Helper()
	ctx, end := context.WithTimeout(b.ctx, browserLimit)
	defer end()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.fail(err.Error())
	}
}

// fail ends the test and shows the page and its errors.
func (b *tab) fail(what string) {
	b.t.Helper()
	text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	b.look("failed", 1200)
	b.mu.Lock()
	defer b.mu.Unlock()
	var last []string
	for _, r := range b.requests[max(0, len(b.requests)-10):] {
		answer := "no answer"
		if r.response != nil {
			answer = fmt.Sprint(r.response.Status)
		}
		last = append(last, r.Request.Method+" "+r.Request.URL+": "+answer)
	}
	b.t.Fatalf("%s\nthe browser complains of %q\nits last requests:\n%s\nthe page shows %s", what, b.complaints, strings.Join(last, "\n"), text)
}

// evaluate returns the value of a JavaScript expression on the page, which may be a promise.
func evaluate[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail(expression + ": " + err.Error())
	}
	return value
}

// shows waits until an element of the page, or of the next page, shows a text. Each of its hyphens and blanks
// may be one at which no line breaks.
func (b *tab) shows(selector, text string) {
	b.t.Helper()
	so := fmt.Sprintf("[...document.querySelectorAll(%q)].some(part => part.innerText.replaceAll('\u2011', '-').replaceAll('\u00a0', ' ').includes(%q))", selector, text)
	for limit := time.Now().Add(browserLimit); ; time.Sleep(10 * time.Millisecond) {
		shown, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](so))
		if shown {
			return
		}
		if time.Now().After(limit) {
			b.fail(fmt.Sprintf("%s does not show %q: %v", selector, text, err))
		}
	}
}

// call runs the steps that make the page call an operation, and returns the request and the answer, which is
// checked against the spec.
func (b *tab) call(o *specOperation, steps ...step) (*request, answer) {
	b.t.Helper()
	calls := func() (over []*request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, r := range b.requests {
			if strings.HasSuffix(r.Request.URL, o.path) && r.Request.Method != http.MethodOptions && r.over {
				over = append(over, r)
			}
		}
		return over
	}
	before := len(calls())
	b.do(steps...)
	for limit := time.Now().Add(browserLimit); len(calls()) == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			b.fail("the page does not call " + o.id)
		}
	}
	r := calls()[before]
	got, err := chromedp.Call(b.ctx, network.GetResponseBody, network.GetResponseBodyParams{RequestID: r.RequestID})
	check(b.t, err)
	req, err := http.NewRequest(r.Request.Method, r.Request.URL, nil)
	check(b.t, err)
	res := &http.Response{StatusCode: int(r.response.Status), Header: http.Header{}}
	for name, value := range r.response.Headers {
		res.Header.Set(name, value.(string))
	}
	if err := matrix.checkAnswer(req, res, got.Body); err != nil {
		b.t.Errorf("%s answered the browser against its contract: %v\n%s", o.id, err, got.Body)
	}
	return r, answerOf(res, got.Body)
}

// settled is a promise of the page, kept when nothing moves or fades any more.
const settled = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"

// fits fails if a phone would have to scroll the page sideways.
func (b *tab) fits() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
	if width := evaluate[int](b, settled+".then(() => document.scrollingElement.scrollWidth)"); width > 390 {
		b.t.Errorf("%s is %d pixels wide on a phone of 390", evaluate[string](b, "location.href"), width)
	}
}

// look saves screenshots of the whole page for a person to look at, in the directory SCREENSHOTS.
func (b *tab) look(name string, widths ...int64) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	for _, width := range widths {
		for _, scheme := range []string{"light", "dark"} {
			features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
			check(b.t, errors.Join(err, chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900))))
			evaluate[any](b, settled)
			png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			file := filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme))
			check(b.t, errors.Join(err, os.MkdirAll(dir, 0o755), os.WriteFile(file, png, 0o644)))
		}
	}
}
