package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// assetsPath is where the assets are served. vite.config.ts has it too.
const assetsPath = "/assets/"

// An asset is one built file in memory.
type asset struct {
	kind    string // of its content
	content []byte
	gzipped func() []byte // compresses once, when it is first asked for; empty where it saves nothing
}

// assets are by file name. built has their URLs by the names of their sources.
var assets, built = load()

func load() (files map[string]*asset, urls map[string]string) {
	manifest, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		panic(err)
	}
	var sources map[string]struct{ File string }
	if err := json.Unmarshal(manifest, &sources); err != nil {
		panic(fmt.Errorf("dist/manifest.json: %w", err))
	}
	files, urls = map[string]*asset{}, map[string]string{}
	for source, of := range sources {
		content, err := dist.ReadFile("dist/" + of.File)
		if err != nil {
			panic(err)
		}
		files[of.File] = newAsset(of.File, content)
		urls[strings.TrimPrefix(source, "src/")] = assetsPath + of.File
	}
	return files, urls
}

func newAsset(name string, content []byte) *asset {
	kinds := map[string]string{".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
	kind := kinds[path.Ext(name)]
	if kind == "" {
		panic("no content type for " + name)
	}
	return &asset{kind, content, sync.OnceValue(func() []byte { return compress(content) })}
}

func compress(content []byte) []byte {
	var gzipped bytes.Buffer
	w, _ := gzip.NewWriterLevel(&gzipped, gzip.BestCompression)
	w.Write(content)
	w.Close()
	if gzipped.Len() >= len(content) {
		return nil
	}
	return gzipped.Bytes()
}

// URL returns the path of a built asset by its source below src, such as "base.css". It panics if there is none.
func URL(source string) string {
	url, ok := built[source]
	if !ok {
		panic("no asset is built of " + source)
	}
	return url
}

// ServeAsset answers a request for one of the assets, and reports whether there is such an asset.
func ServeAsset(w http.ResponseWriter, req *http.Request) bool {
	name := strings.TrimPrefix(req.URL.Path, assetsPath)
	a := assets[name]
	if color, ok := strings.CutPrefix(strings.TrimSuffix(name, ".css"), "theme-"); ok {
		a = &asset{"text/css", theme("#" + color), func() []byte { return nil }}
	}
	if a == nil || a.content == nil {
		return false
	}
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("Cache-Control", "public, max-age=31536000, immutable")
	header.Set("Vary", "Accept-Encoding")
	if acceptsGzip(req) && len(a.gzipped()) > 0 {
		header.Set("Content-Encoding", "gzip")
		w.Write(a.gzipped())
	} else {
		w.Write(a.content)
	}
	return true
}

// acceptsGzip reports whether the Accept-Encoding of a request names gzip, and not with the weight 0.
func acceptsGzip(req *http.Request) bool {
	for _, value := range req.Header.Values("Accept-Encoding") {
		for coding := range strings.SplitSeq(value, ",") {
			name, weight, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(coding), " ", ""), ";q=")
			if name == "gzip" && (weight == "" || strings.Trim(weight, "0.") != "") {
				return true
			}
		}
	}
	return false
}
