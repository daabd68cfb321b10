package web

import (
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

const (
	textContrast = 4.5 // of text, as WCAG 2.2 AA asks for
	linkContrast = 6   // of text of the color, so that links are no weaker than the text around them
)

// The surfaces that text stands on, as in tokens.css.
var (
	lightSurfaces = []rgb{{0xff, 0xff, 0xff}, {0xf5, 0xf6, 0xf8}}
	darkSurfaces  = []rgb{{0x18, 0x1b, 0x21}, {0x0f, 0x11, 0x15}}
)

// rgb is a color by its parts of 0 to 255.
type rgb [3]float64

// ThemePath returns the path of the stylesheet for an accent color, #rrggbb; "" for none.
func ThemePath(accent string) string {
	if accent == "" {
		return ""
	}
	return assetsPath + "theme-" + strings.TrimPrefix(accent, "#") + ".css"
}

// theme returns the stylesheet of an application with this accent color, #rrggbb. Text on the color, and text of the
// color, have the contrast that WCAG 2.2 AA asks for, whatever the color is. It is nil for a text that is no color.
func theme(accent string) []byte {
	color, ok := parseColor(accent)
	if !ok {
		return nil
	}
	return fmt.Appendf(nil, ":root{%s}\n@media (prefers-color-scheme: dark){:root{%s}}\n",
		tokens(color, lightSurfaces, rgb{}), tokens(color, darkSurfaces, rgb{255, 255, 255}))
}

// Accent returns an accent color, #rrggbb, as CSS, and a color for text on it. Both are "" for a text that is no color.
func Accent(accent string) (color, on string) {
	parsed, ok := parseColor(accent)
	if !ok {
		return "", ""
	}
	return parsed.String(), textOn(parsed).String()
}

func parseColor(text string) (color rgb, ok bool) {
	digits, ok := strings.CutPrefix(text, "#")
	parts, err := hex.DecodeString(digits)
	if !ok || err != nil || len(parts) != 3 {
		return rgb{}, false
	}
	return rgb{float64(parts[0]), float64(parts[1]), float64(parts[2])}, true
}

// tokens returns the tokens of tokens.css that depend on the accent color. Text of the color is mixed with toward until
// it can be read on all surfaces.
func tokens(color rgb, surfaces []rgb, toward rgb) string {
	on, text := textOn(color), color
	for part := 0.05; !readable(text, surfaces, linkContrast) && part <= 1; part += 0.05 {
		text = mix(color, toward, part)
	}
	hover := mix(color, on, -0.12)
	if contrast(hover, on) < textContrast {
		hover = color
	}
	return fmt.Sprintf("--accent:%v;--accent-strong:%v;--on-accent:%v;--accent-text:%v;--accent-tint:%v",
		color, hover, on, text, mix(surfaces[0], color, 0.1))
}

// textOn returns a color for text on another one.
func textOn(color rgb) rgb {
	for _, on := range []rgb{{255, 255, 255}, {0x15, 0x18, 0x1e}} {
		if contrast(color, on) >= textContrast {
			return on
		}
	}
	return rgb{} // a color in the middle: black has enough contrast with all of those
}

func readable(text rgb, surfaces []rgb, least float64) bool {
	for _, surface := range surfaces {
		if contrast(text, surface) < least {
			return false
		}
	}
	return true
}

// mix moves a color by a part of the way to another; a negative part moves it away.
func mix(color, other rgb, part float64) rgb {
	var mixed rgb
	for i := range mixed {
		mixed[i] = min(255, max(0, math.Round(color[i]+(other[i]-color[i])*part)))
	}
	return mixed
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	lighter, darker := luminance(a), luminance(b)
	if lighter < darker {
		lighter, darker = darker, lighter
	}
	return (lighter + 0.05) / (darker + 0.05)
}

// luminance is the relative luminance of WCAG 2.2, from 0 to 1.
func luminance(color rgb) float64 {
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		part := color[i] / 255
		if part <= 0.04045 {
			part /= 12.92
		} else {
			part = math.Pow((part+0.055)/1.055, 2.4)
		}
		sum += weight * part
	}
	return sum
}

// String is the color in CSS.
func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2])) }
