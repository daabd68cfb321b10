package admin

import (
	"bytes"
	"encoding/binary"
	"image/png"

	"github.com/planoauth/planoauth/gen"
)

const maxLogo = 32 << 10 // bytes; the constraint of applications.logo is the same

func checkLogo(logo []byte) *brokenRule {
	switch {
	case len(logo) > maxLogo:
		return &brokenRule{gen.MaxLength, "must be an image of at most 32 KiB"}
	case len(logo) > 0 && LogoType(logo) == "":
		return &brokenRule{gen.Format, "must be a PNG or a WebP"}
	}
	return nil
}

// LogoType returns the media type of a logo, "" if it is neither a PNG nor a WebP.
func LogoType(logo []byte) string {
	if _, err := png.DecodeConfig(bytes.NewReader(logo)); err == nil {
		return "image/png"
	}
	if isWebP(logo) {
		return "image/webp"
	}
	return ""
}

// isWebP reports whether an image has the header of a WebP and the size that it states.
func isWebP(image []byte) bool {
	const header, chunkHeader = 12, 8
	if len(image) < header+chunkHeader || string(image[:4]) != "RIFF" || string(image[8:12]) != "WEBP" {
		return false
	}
	switch string(image[12:16]) {
	case "VP8 ", "VP8L", "VP8X":
	default:
		return false
	}
	return int64(binary.LittleEndian.Uint32(image[4:8]))+8 == int64(len(image))
}
