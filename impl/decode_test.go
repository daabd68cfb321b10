package impl

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDecodeObject holds the decoder against encoding/json: whatever it takes is one JSON object, with the
// same members, in valid UTF-8, without NUL, and no deeper than allowed.
func FuzzDecodeObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `{"a":"\u0000"}`, `{"a":1e999}`, strings.Repeat(`{"a":`, 20)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decodeObject(text)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || depthOf(got) > maxDepth || strings.Contains(flat(got), "\x00") {
			t.Fatalf("%q was taken", text)
		}
		var want map[string]any
		if err := json.Unmarshal(text, &want); err != nil {
			if !strings.Contains(err.Error(), "cannot unmarshal number") { // too large a number is infinite here
				t.Fatalf("%q was taken, but: %v", text, err)
			}
			return
		}
		if !reflect.DeepEqual(byValue(got), want) {
			t.Fatalf("%q was read as %v, not %v", text, got, want)
		}
	})
}

// FuzzDecodeBase64: what is taken decodes to the same by the standard library once alphabet and padding are
// set right.
func FuzzDecodeBase64(f *testing.F) {
	for _, seed := range []string{"", "e30=", "e30", " e3\n0 ", "_-8", "/+8=", "=", "e30==", "e3=0"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decodeBase64(text)
		if err != nil {
			return
		}
		standard := strings.NewReplacer("-", "+", "_", "/", "=", "", " ", "", "\t", "", "\n", "", "\r", "", "\v", "", "\f", "").Replace(string(text))
		if encoded := base64.RawStdEncoding.EncodeToString(got); encoded != standard {
			t.Fatalf("%q was read as %q", text, got)
		}
	})
}

// byValue makes all whole numbers what encoding/json makes them.
func byValue(value any) any {
	switch value := value.(type) {
	case int64:
		return float64(value)
	case map[string]any:
		for name, member := range value {
			value[name] = byValue(member)
		}
	case []any:
		for i, item := range value {
			value[i] = byValue(item)
		}
	}
	return value
}

func depthOf(value any) int {
	deepest := 0
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			deepest = max(deepest, depthOf(member))
		}
	case []any:
		for _, item := range value {
			deepest = max(deepest, depthOf(item))
		}
	default:
		return 0
	}
	return deepest + 1
}

func flat(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		var all strings.Builder
		for name, member := range value {
			all.WriteString(name + flat(member))
		}
		return all.String()
	case []any:
		var all strings.Builder
		for _, item := range value {
			all.WriteString(flat(item))
		}
		return all.String()
	}
	return ""
}
