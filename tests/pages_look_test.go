package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// axe is the script of axe-core, which `make generate` installs; "" where it is not installed.
var axe = sync.OnceValue(func() string {
	script, err := os.ReadFile("../impl/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		fmt.Println("axe: none:", err)
		return ""
	}
	fmt.Println("axe: checks pages")
	return string(script)
})

// inspect checks the page as people see it: in both schemes axe finds no violation of WCAG 2.2 AA, and a phone need not
// scroll it sideways. It saves screenshots under the name.
func (b *tab) inspect(name string) {
	b.t.Helper()
	b.fits()
	for _, scheme := range []string{"light", "dark"} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features})
		check(b.t, err)
		if violations := b.violations(); len(violations) > 0 {
			b.t.Errorf("axe, %s in %s: %s", name, scheme, strings.Join(violations, "\n"))
		}
	}
	b.look(name, 390, 1280)
	b.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile))
}

// english finds texts of a page in Spanish that have English words. Parts in another language are marked as such.
const english = `(() => {
	const words = /\b(the|this|that|you|your|is|are|was|to|of|for|with|and|not|it|password|address|account|sign|send|link|help|request|back|show)\b/i
	const own = part => part.checkVisibility() && part.closest("[lang]").lang === "es" && !part.closest("code")
	const texts = part => [part.ariaLabel ?? "", ...[...part.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).map(node => node.data)]
	return [document.title, ...[...document.querySelectorAll("body *")].filter(own).flatMap(texts)].filter(text => words.test(text))
})()`

// inSpanish waits for the heading of a page in Spanish, inspects the page, and fails if a part of it is in English.
func (b *tab) inSpanish(name, heading string) {
	b.t.Helper()
	b.shows(`html[lang="es"] h1`, heading)
	if texts := evaluate[[]string](b, english); len(texts) > 0 {
		b.t.Errorf("%s is in English: %q", name, texts)
	}
	b.inspect(name + "-es")
}

// violations returns what axe finds on the page, each with the element, without these rules.
func (b *tab) violations(without ...string) []string {
	b.t.Helper()
	if axe() == "" {
		return nil
	}
	rules := map[string]map[string]bool{}
	for _, rule := range without {
		rules[rule] = map[string]bool{"enabled": false}
	}
	shown, err := json.Marshal(rules)
	check(b.t, err)
	run := ";" + settled + `.then(() => axe.run(document, {rules: ` + string(shown) + `, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}))
		.then(result => result.violations.flatMap(violation => violation.nodes.map(node => violation.id + ": " + node.html + " " + node.failureSummary)))`
	return evaluate[[]string](b, axe()+run)
}
