package impl

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/validation"
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
		if largest(want) <= keptAll && !reflect.DeepEqual(byValue(got), want) {
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

// largest is the number of members or items of the largest object or array.
func largest(value any) (n int) {
	switch value := value.(type) {
	case map[string]any:
		n = len(value)
		for _, member := range value {
			n = max(n, largest(member))
		}
	case []any:
		n = len(value)
		for _, item := range value {
			n = max(n, largest(item))
		}
	}
	return n
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

// largeBodies are bodies of 64 KiB with thousands of wrong values, by name.
func largeBodies() map[string]string {
	var names, distinct strings.Builder
	for i := range 7000 {
		fmt.Fprintf(&names, `"a%d":1,`, i)
		fmt.Fprintf(&distinct, `%d,`, i)
	}
	return map[string]string{
		"items":              `{"filters":[` + strings.Repeat("0,", 32000) + `0]}`,
		"different items":    `{"filters":[` + distinct.String() + `0]}`,
		"nested items":       `{"filters":[` + strings.Repeat("[0],", 16000) + `0]}`,
		"unknown names":      `{` + names.String() + `"b":1}`,
		"objects":            `{"filters":[` + strings.Repeat(`{"a":0},`, 8000) + `0]}`,
		"valid items":        `{"filters":[` + strings.Repeat(`"unacknowledged",`, 3800) + `"unacknowledged"]}`,
		"names in an object": `{"search":{` + names.String() + `"b":1}}`,
	}
}

// TestLargeBodies counts the values that are left to validate.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	for name, body := range largeBodies() {
		params, err := decodeObject([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := largest(params); n > keptMost {
			t.Errorf("%s: %d values are kept", name, n)
		}
	}
}

// TestLargeBodiesAreRefused: what is not kept is wrong all the same, or repeats what is kept.
func TestLargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	valid := strings.Repeat(`"unacknowledged",`, 200)
	for _, row := range []struct{ name, body, kept string }{
		{"an item of another kind after many", `{"filters":[` + valid + `7]}`, "7"},
		{"another text after many", `{"filters":[` + valid + `"x"]}`, `"x"`},
		{"an object after many", `{"filters":[` + valid + `{}]}`, "{}"},
		{"a param after many unknown names", strings.Replace(largeBodies()["unknown names"], `"b":1`, `"count":true`, 1), `"count":true`},
		{"an unknown name with many items", `{"nothing":[` + valid + `0]}`, `"nothing"`},
	} {
		params, err := decodeObject([]byte(row.body))
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if text, _ := json.Marshal(params); !strings.Contains(string(text), row.kept) {
			t.Errorf("%s: it is not kept", row.name)
		}
	}
	for _, wrong := range []string{`"\u0000"`, strings.Repeat("[", 16) + strings.Repeat("]", 16), `"\ud800"`} {
		if _, err := decodeObject([]byte(`{"filters":[` + valid + valid + wrong + `]}`)); err == nil {
			t.Errorf("%s is taken after many items", wrong)
		}
	}
}

func BenchmarkLargeBodies(b *testing.B) {
	validator, err := validation.New()
	if err != nil {
		b.Fatal(err)
	}
	index := slices.IndexFunc(gen.Operations, func(op *gen.Operation) bool { return op.ID == gen.OperationNotificationsIndex })
	for name, body := range largeBodies() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				params, _ := decodeObject([]byte(body))
				if broken, err := validator.Params(gen.Operations[index], params); broken == nil == (name != "valid items") || err != nil {
					b.Fatal(broken, err)
				}
			}
		})
	}
}
