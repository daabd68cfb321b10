package db

import (
	"encoding/hex"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// byteaCodec reads both text forms of bytea, since bytea_output may be anything behind a pooler.
type byteaCodec struct{ pgtype.ByteaCodec }

// PlanScan implements pgtype.Codec.
func (c byteaCodec) PlanScan(m *pgtype.Map, oid uint32, format int16, target any) pgtype.ScanPlan {
	plan := c.ByteaCodec.PlanScan(m, oid, format, target)
	if plan == nil || format != pgtype.TextFormatCode {
		return plan
	}
	return byteaText{plan}
}

type byteaText struct{ hex pgtype.ScanPlan }

// Scan implements pgtype.ScanPlan.
func (b byteaText) Scan(src []byte, target any) error { return b.hex.Scan(hexForm(src), target) }

// hexForm returns the hex form of a bytea in either form. The escape form never begins with \x, since it
// doubles backslashes; other bytes than printable ASCII are three octal digits in it.
func hexForm(text []byte) []byte {
	if text == nil || len(text) >= 2 && text[0] == '\\' && text[1] == 'x' {
		return text
	}
	var value []byte
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '\\' && i+3 < len(text) && text[i+1] != '\\' {
			if octal, err := strconv.ParseUint(string(text[i+1:i+4]), 8, 8); err == nil {
				b = byte(octal)
			}
			i += 3
		} else if b == '\\' {
			i++
		}
		value = append(value, b)
	}
	return hex.AppendEncode([]byte(`\x`), value)
}
