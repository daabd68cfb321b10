package admin

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"strings"
	"testing"
)

func pngLogo(t *testing.T) []byte {
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return logo.Bytes()
}

// TestLogos has a row per image, with its media type.
func TestLogos(t *testing.T) {
	logo := pngLogo(t)
	// The smallest lossy and lossless WebP, by libwebp.
	lossy, _ := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	lossless, _ := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	for _, row := range []struct {
		name string
		logo []byte
		kind string
	}{
		{"PNG", logo, "image/png"},
		{"lossy WebP", lossy, "image/webp"},
		{"lossless WebP", lossless, "image/webp"},
		{"nothing", nil, ""},
		{"signature of a PNG alone", logo[:8], ""},
		{"page after the signature of a PNG", append(bytes.Clone(logo[:8]), "<script>alert(1)</script>, and more to be long enough"...), ""},
		{"WebP that breaks off", lossy[:len(lossy)-2], ""},
		{"WebP with something after it", append(bytes.Clone(lossy), "<script>"...), ""},
		{"WAV", []byte("RIFF\x0c\x00\x00\x00WAVEfmt \x00\x00\x00\x00"), ""},
		{"GIF", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), ""},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), ""},
	} {
		if got := LogoType(row.logo); got != row.kind {
			t.Errorf("%s: %q, want %q", row.name, got, row.kind)
		}
		if broken := checkLogo(row.logo); (broken == nil) != (row.kind != "" || len(row.logo) == 0) {
			t.Errorf("%s: %v", row.name, broken)
		}
	}
	large := append(logo, make([]byte, maxLogo-len(logo))...)
	if broken := checkLogo(large); broken != nil {
		t.Errorf("32 KiB: %v", broken)
	}
	if err := checkLogo(append(large, 0)).of("--logo"); err == nil || !strings.Contains(err.Error(), "32 KiB") {
		t.Errorf("32 KiB and a byte: %v", err)
	}
}
