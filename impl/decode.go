package impl

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/planoauth/planoauth/gen"
	"github.com/planoauth/planoauth/impl/validation"
)

const (
	maxBody  = 64 << 10 // bytes, before base64 is decoded
	maxDepth = 16       // levels of nesting in JSON; the object itself is the first
)

// contentType is step 4: text/plain for sensitive operations, application/json for all others.
func (s *Server) contentType(c *call) (gen.Outcome, error) {
	want := "application/json"
	if c.op.Sensitive {
		want = "text/plain"
	}
	for _, encoding := range c.req.Header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return gen.InvalidContentType{}, nil
		}
	}
	values := c.req.Header["Content-Type"]
	if len(values) == 1 && values[0] == want {
		return nil, nil
	}
	if len(values) != 1 {
		return gen.InvalidContentType{}, nil
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || media != want {
		return gen.InvalidContentType{}, nil
	}
	if charset, given := params["charset"]; given && !strings.EqualFold(charset, "utf-8") {
		return gen.InvalidContentType{}, nil
	}
	return nil, nil
}

// readBody is step 5: it reads the body, up to 64 KiB.
func (s *Server) readBody(c *call) (gen.Outcome, error) {
	if c.req.ContentLength > maxBody {
		return gen.RequestTooLarge{}, nil
	}
	if c.req.ContentLength >= 0 {
		c.body = make([]byte, c.req.ContentLength)
		if _, err := io.ReadFull(c.req.Body, c.body); err != nil {
			return gen.InvalidEncodedParams{}, nil // the connection broke
		}
		return nil, nil
	}
	var err error
	c.body, err = io.ReadAll(io.LimitReader(c.req.Body, maxBody+1))
	if len(c.body) > maxBody {
		return gen.RequestTooLarge{}, nil
	}
	if err != nil {
		return gen.InvalidEncodedParams{}, nil
	}
	return nil, nil
}

// decodeBody is step 6: base64 on sensitive operations, then one JSON object.
func (s *Server) decodeBody(c *call) (gen.Outcome, error) {
	text := c.body
	if c.op.Sensitive {
		var err error
		if text, err = decodeBase64(text); err != nil {
			return gen.InvalidEncodedParams{}, nil
		}
	}
	if len(bytes.Trim(text, asciiSpace)) == 0 {
		return gen.NoParamsDecoded{}, nil
	}
	var err error
	if c.params, err = decodeObject(text); err != nil {
		return gen.InvalidEncodedParams{}, nil
	}
	if c.op.RequiresParams && len(c.params) == 0 {
		return gen.NoParamsDecoded{}, nil
	}
	stripNulls(c.params)
	return nil, nil
}

const asciiSpace = " \t\r\n\v\f"

var errBase64 = errors.New("not base64")

// decodeBase64 accepts the standard or the URL alphabet, but not both in one text. Padding is optional, ASCII
// white space is skipped.
func decodeBase64(text []byte) ([]byte, error) {
	if bytes.ContainsAny(text, asciiSpace) {
		text = bytes.Join(bytes.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(asciiSpace, r) }), nil)
	}
	encoding := base64.RawStdEncoding
	if bytes.ContainsAny(text, "-_") {
		encoding = base64.RawURLEncoding
	}
	unpadded := bytes.TrimRight(text, "=")
	if padding := len(text) - len(unpadded); padding > 2 || padding > 0 && len(text)%4 != 0 {
		return nil, errBase64
	}
	decoded := make([]byte, encoding.DecodedLen(len(unpadded)))
	n, err := encoding.Strict().Decode(decoded, unpadded)
	return decoded[:n], err
}

var errJSON = errors.New("not one JSON object")

// decoders are reused, since allocating one costs as much as decoding a body.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// decodeObject decodes exactly one JSON object. The jsontext package itself refuses invalid UTF-8, lone surrogates and
// duplicate names.
//
// Everything is read and checked, but only a part of a large object or array is kept. No operation takes that many
// params or different items, so the request is refused anyway, and the part has as many errors as an answer lists.
// Validating thousands of wrong values would cost more than a normal request.
func decodeObject(text []byte) (map[string]any, error) {
	decoder := decoders.Get().(*jsontext.Decoder)
	decoder.Reset(bytes.NewBuffer(text))
	defer func() {
		decoder.Reset(http.NoBody) // or the pool would keep the text, which may contain a password
		decoders.Put(decoder)
	}()
	if decoder.PeekKind() != '{' {
		return nil, errJSON
	}
	value, err := decodeValue(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.ReadToken(); err != io.EOF {
		return nil, errJSON
	}
	return value.(map[string]any), nil
}

const (
	keptMost  = 2 * keptItems        // members, besides those with the name of a param
	keptItems = validation.MaxErrors // items; beyond them different ones up to keptMost
)

// paramNames are the names of all params of all operations. A member of such a name is always kept.
var paramNames = namesOf(gen.Operations)

func namesOf(operations []*gen.Operation) map[string]bool {
	names := map[string]bool{"token": true}
	for _, op := range operations {
		for _, path := range op.ParamOrder {
			names[path[strings.LastIndexByte(path, '.')+1:]] = true
		}
	}
	return names
}

func decodeValue(decoder *jsontext.Decoder) (any, error) {
	token, err := decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	if decoder.StackDepth() > maxDepth {
		return nil, errJSON
	}
	switch token.Kind() {
	case '{':
		return decodeMembers(decoder)
	case '[':
		return decodeItems(decoder)
	case '"':
		return withoutNUL(token.String())
	case '0':
		return decodeNumber(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

// decodeNumber returns an int64 for a whole number, because the generated binding cannot read a large float64
// as an integer: it is printed with an exponent. A number beyond float64 becomes the largest one, because
// kin-openapi fails on infinity.
func decodeNumber(text string) any {
	number, _ := strconv.ParseFloat(text, 64)
	if whole := int64(number); float64(whole) == number {
		return whole
	}
	return min(max(number, -math.MaxFloat64), math.MaxFloat64)
}

func decodeMembers(decoder *jsontext.Decoder) (map[string]any, error) {
	object := map[string]any{}
	for decoder.PeekKind() != '}' {
		token, err := decoder.ReadToken()
		if err != nil {
			return nil, err
		}
		name, err := withoutNUL(token.String())
		if err != nil {
			return nil, err
		}
		value, err := decodeValue(decoder)
		if err != nil {
			return nil, err
		}
		if len(object) < keptMost || paramNames[name] {
			object[name] = value
		}
	}
	_, err := decoder.ReadToken()
	return object, err
}

func decodeItems(decoder *jsontext.Decoder) ([]any, error) {
	items := []any{}
	for decoder.PeekKind() != ']' {
		item, err := decodeValue(decoder)
		if err != nil {
			return nil, err
		}
		if len(items) < keptItems || len(items) < keptMost && !containsScalar(items, item) {
			items = append(items, item)
		}
	}
	_, err := decoder.ReadToken()
	return items, err
}

// containsScalar reports whether one of the items is equal to a text, number, boolean or null.
func containsScalar(items []any, item any) bool {
	switch item.(type) {
	case map[string]any, []any:
		return false
	}
	for _, other := range items {
		switch other.(type) {
		case map[string]any, []any:
		default:
			if other == item {
				return true
			}
		}
	}
	return false
}

func withoutNUL(text string) (string, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return "", errJSON
	}
	return text, nil
}

// stripNulls removes members that are null, at any depth: to the contract they are absent.
func stripNulls(object map[string]any) {
	for name, value := range object {
		switch value := value.(type) {
		case nil:
			delete(object, name)
		case map[string]any:
			stripNulls(value)
		case []any:
			for _, item := range value {
				if nested, ok := item.(map[string]any); ok {
					stripNulls(nested)
				}
			}
		}
	}
}
